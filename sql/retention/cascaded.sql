-- What it answers: how many rows of a table follow when the rule's rows go?
-- Columns: rows.
-- Minimum version: 13.
select pg_catalog.count(*) as rows
from {table} as {other}
where {follows}
