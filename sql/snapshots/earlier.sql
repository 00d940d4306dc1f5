-- What it answers: which snapshot was the last one before the run that goes on (before now, where none does), and can its
-- counters still be compared? A part {earlier} of checks.
-- Columns: those of steward.database_counters, and comparable
-- Parameters: {counted_since} is ledger/counted_since
-- Minimum version: 13
select d.*, d.counted_since is not distinct from ({counted_since}) as comparable
from steward.database_counters as d
where d.taken_at < coalesce(
    (
        select pg_catalog.max(l.started_at)
        from public.maintenance_log as l
        where l.completed_at is null
            and l.details ->> 'status' = 'running'
    ),
    pg_catalog.now()
)
order by d.taken_at desc
limit 1
