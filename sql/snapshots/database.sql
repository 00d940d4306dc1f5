-- What it does: records the database's counters, and whether they have begun anew since the last snapshot: after a crash only
-- the server's own reset time moves, and a counter may have gone back.
-- Parameters: {counted_since} is ledger/counted_since
-- Minimum version: 13
insert into steward.database_counters (
    taken_at, server_started_at, counted_since, begun_anew, blocks_hit, blocks_read, temp_files, temp_bytes, deadlocks, commits,
    rollbacks
)
select
    pg_catalog.now(),
    pg_catalog.pg_postmaster_start_time(),
    since.counted_since,
    coalesce(
        since.counted_since is distinct from last.counted_since
            or d.blks_hit < last.blocks_hit
            or d.blks_read < last.blocks_read
            or d.temp_files < last.temp_files
            or d.temp_bytes < last.temp_bytes
            or d.deadlocks < last.deadlocks
            or d.xact_commit < last.commits,
        false
    ) and last.taken_at is not null,
    d.blks_hit,
    d.blks_read,
    d.temp_files,
    d.temp_bytes,
    d.deadlocks,
    d.xact_commit,
    d.xact_rollback
from pg_catalog.pg_stat_database as d
cross join (
    {counted_since}
) as since
left join lateral (
    select known.*
    from steward.database_counters as known
    order by known.taken_at desc
    limit 1
) as last on true
where d.datname = pg_catalog.current_database()
