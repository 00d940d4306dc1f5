-- What it answers: may we act now? Recovery, load by other applications, sessions of theirs that wait for locks (advisory ones
-- left out: many an application parks its spare processes on one), and how far standbys lag.
-- Columns: in_recovery, sees_activity, active_sessions, lock_waiters, lag_seconds, lag_bytes (of standbys and slots; 0 on a
-- standby, which is never maintained).
-- Minimum version: 13.
select
    pg_catalog.pg_is_in_recovery() as in_recovery,
    pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as sees_activity,
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_stat_activity as activity
        where activity.state = 'active'
            and activity.backend_type = 'client backend'
            and activity.pid <> pg_catalog.pg_backend_pid()
            and activity.application_name <> all (%(ignored)s::pg_catalog.text[])
    ) as active_sessions,
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_stat_activity as activity
        where activity.wait_event_type = 'Lock'
            and activity.wait_event <> 'advisory'
            and activity.backend_type = 'client backend'
            and activity.pid <> pg_catalog.pg_backend_pid()
            and activity.application_name <> all (%(ignored)s::pg_catalog.text[])
    ) as lock_waiters,
    (
        select coalesce(extract(epoch from pg_catalog.max(standby.replay_lag)), 0)::pg_catalog.float8
        from pg_catalog.pg_stat_replication as standby
    ) as lag_seconds,
    (
        select coalesce(pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), behind.lsn)), 0)::pg_catalog.int8
        from (
            select standby.replay_lsn
            from pg_catalog.pg_stat_replication as standby
            union all
            select coalesce(slot.confirmed_flush_lsn, slot.restart_lsn)
            from pg_catalog.pg_replication_slots as slot
        ) as behind (lsn)
        where not pg_catalog.pg_is_in_recovery()
    ) as lag_bytes
