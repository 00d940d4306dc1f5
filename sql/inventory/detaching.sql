-- Which partitions are being detached, or were left in the middle of it: not possible before 14.
-- Columns: oid
-- Minimum version: 13
select i.inhrelid as oid
from pg_catalog.pg_inherits as i
where false
order by i.inhrelid
