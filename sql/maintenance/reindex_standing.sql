-- What it answers: is the index still there?
-- Columns: oid
-- Parameters: oid
-- Minimum version: 13
select c.oid::bigint as oid
from pg_catalog.pg_class as c
where c.oid = %(oid)s::bigint::oid
order by c.oid
