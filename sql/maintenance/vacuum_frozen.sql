-- What it answers: which partitions has the suite frozen after their time was over, as its log remembers?
-- Columns: oid
-- Minimum version: 13
select distinct (l.details ->> 'frozen_oid')::bigint as oid
from public.maintenance_log as l
where l.maintenance_type = 'vacuum'
    and l.completed_at is not null
    and l.details ? 'frozen_oid'
order by 1
