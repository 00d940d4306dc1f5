-- How many pages of each relation are all frozen.
-- Columns: oid, pages
-- Minimum version: 18
select c.oid, c.relallfrozen as pages
from pg_catalog.pg_class as c
order by c.oid
