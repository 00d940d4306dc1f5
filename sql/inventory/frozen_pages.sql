-- How many pages of each relation are all frozen: not known before 18.
-- Columns: oid, pages
-- Minimum version: 13
select c.oid, null::integer as pages
from pg_catalog.pg_class as c
where false
order by c.oid
