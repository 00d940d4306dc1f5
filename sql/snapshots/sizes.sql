-- What it does: records the size of every included table, a family of partitions as one, by the last profile's figures.
-- Minimum version: 13
insert into steward.relation_size (relation, taken_at, size)
select growth.table_name, pg_catalog.now(), growth.current_size
from public.monitor_storage_growth() as growth
order by growth.table_name collate "C"
