-- Which partitions are being detached, or were left in the middle of it.
-- Columns: oid
-- Minimum version: 14
select i.inhrelid as oid
from pg_catalog.pg_inherits as i
where i.inhdetachpending
order by i.inhrelid
