-- What it answers: which standbys and subscribers are further behind than they may be? Base backups are none.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: standby_lag, an interval; standby_behind, bytes; {hidden_sessions} is activity/hidden_sessions
-- Minimum version: 13
with standbys as (
    select
        coalesce(nullif(r.application_name, ''), 'unnamed') || ', pid ' || r.pid as name,
        r.state,
        r.sync_state,
        r.replay_lag,
        -- A receiver of WAL alone replays nothing.
        case
            when not pg_catalog.pg_is_in_recovery()
                then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), coalesce(r.replay_lsn, r.flush_lsn, r.sent_lsn))
        end as behind
    from pg_catalog.pg_stat_replication as r
    where r.state <> 'backup'
)
select
    'standby' as object_type,
    s.name as object_name,
    pg_catalog.concat_ws(', ', pg_catalog.date_trunc('second', s.replay_lag)::text || ' and', pg_catalog.pg_size_pretty(s.behind) || ' behind') as observed,
    'at most ' || %(standby_lag)s::interval || ' and ' || pg_catalog.pg_size_pretty(%(standby_behind)s::bigint) as expected,
    'state ' || s.state || ', ' || s.sync_state as detail,
    'on the standby, look for a long query or a paused replay, and check its network and disk' as remediation
from standbys as s
where s.replay_lag > %(standby_lag)s::interval
    or s.behind > %(standby_behind)s::bigint
union all
(
    {hidden_sessions}
)
order by object_name
