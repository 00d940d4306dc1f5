-- What it answers: how much of what was read was found in shared buffers, since the last snapshot before this run, or since
-- the counters began where that cannot be compared? Blocks from the system's cache count as read. Too few are not judged.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: cache_hit, minimum_reads; {earlier} is snapshots/history/before_this_run, {counted_since} is ledger/counted_since
-- Minimum version: 13.
with earlier as (
    {earlier}
),
compared as (
    select
        d.datname,
        d.blks_hit - coalesce(earlier.blocks_hit, 0) as hit,
        d.blks_hit - coalesce(earlier.blocks_hit, 0) + d.blks_read - coalesce(earlier.blocks_read, 0) as reads,
        case
            when earlier.taken_at is not null
                then 'since the snapshot of ' || pg_catalog.to_char(earlier.taken_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
            else coalesce(
                'since the counters began at ' || pg_catalog.to_char(({counted_since}) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC',
                'since the counters began'
            )
        end as period
    from pg_catalog.pg_stat_database as d
    left join earlier
        on earlier.comparable
            and d.blks_hit >= earlier.blocks_hit
            and d.blks_read >= earlier.blocks_read
    where d.datname = pg_catalog.current_database()
),
judged as (
    select compared.*, compared.hit::numeric / nullif(compared.reads, 0) as share, compared.reads < %(minimum_reads)s as few
    from compared
)
select
    case when judged.few then 'not judged' else 'database' end as object_type,
    judged.datname::text as object_name,
    case
        when judged.few then judged.reads || ' blocks asked for'
        else pg_catalog.round(100 * judged.share, 1) || ' %% of ' || judged.reads || ' blocks'
    end as observed,
    case when judged.few then %(minimum_reads)s || ' blocks' else 'at least ' || pg_catalog.round(100 * %(cache_hit)s::numeric, 1) || ' %%' end as expected,
    case when judged.few then 'only ' || judged.reads || ' blocks were asked for ' || judged.period else judged.period end as detail,
    'look for scans of whole tables (steward.table_counters) and for statements that read most (shared_blks_read of '
        || 'pg_stat_statements) before raising shared_buffers' as remediation
from judged
where judged.few or judged.share < %(cache_hit)s::numeric
order by 1, 2
