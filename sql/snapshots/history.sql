-- The snapshots that were taken before.
-- Minimum version: 13

-- name: latest
-- What it answers: when was the last snapshot taken, how much does it hold, and had the counters begun anew since the one
-- before it?
-- Columns: taken_at, age (seconds), sizes, tables, indexes, statements, begun_anew
select
    pg_catalog.to_char(d.taken_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as taken_at,
    extract(epoch from pg_catalog.clock_timestamp() - d.taken_at)::double precision as age,
    (select pg_catalog.count(*) from steward.relation_size as s where s.taken_at = d.taken_at) as sizes,
    (select pg_catalog.count(*) from steward.table_counters as t where t.taken_at = d.taken_at) as tables,
    (select pg_catalog.count(*) from steward.index_counters as i where i.taken_at = d.taken_at) as indexes,
    (select pg_catalog.count(*) from steward.statement_counters as s where s.taken_at = d.taken_at) as statements,
    d.begun_anew
from steward.database_counters as d
order by d.taken_at desc
limit 1;

-- name: before_this_run
-- What it answers: which snapshot was the last one before the run that goes on (before now, where none does), and can its
-- counters still be compared? A part {earlier} of checks.
-- Columns: those of steward.database_counters, and comparable
-- Parameters: {counted_since} is ledger/counted_since
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
limit 1;

-- name: forget
-- What it does: forgets what is older than the profile keeps it.
-- Parameters: keep, an interval; {history} is a table of the suite's own schema
delete from {history} as h
where h.taken_at < pg_catalog.now() - %(keep)s::interval;
