-- What it answers: how many rows does the view hold?
-- Columns: rows, tenants (NULL: it has no column that tells)
-- Parameters: {view}
-- Minimum version: 13
select pg_catalog.count(*) as rows, null::bigint as tenants
from {view}
