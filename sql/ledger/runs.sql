-- What it answers: which were the last runs, and how did they end?
-- Columns: id, maintenance_type, started_at, completed_at, details.
-- Parameters: types, limit.
-- Minimum version: 13.
select l.id, l.maintenance_type, l.started_at, l.completed_at, l.details
from public.maintenance_log as l
where l.maintenance_type = any (%(types)s::text[])
order by l.started_at desc, l.id desc
limit %(limit)s
