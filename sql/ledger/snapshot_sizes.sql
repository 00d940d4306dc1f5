-- What it does: records the size of every included table, a family of partitions as one; at most once an hour.
-- Minimum version: 13.
insert into steward.relation_size (relation, taken_at, size)
select growth.table_name, pg_catalog.now(), growth.current_size
from public.monitor_storage_growth() as growth
where not exists (
    select
    from steward.relation_size as s
    where s.taken_at > pg_catalog.now() - interval '1 hour'
)
order by growth.table_name collate "C"
