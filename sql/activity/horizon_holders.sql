-- Who keeps rows of this database from being removed and frozen: another session's snapshot or transaction, a prepared
-- transaction, a replication slot, a standby's feedback. Vacuums hold nobody back.
-- Columns: holder; xids, how many transactions old, NULL where nothing can be seen; age, NULL for slots; catalogs_only, for
-- what holds back the system's catalogs alone; remedy
-- Minimum version: 13
select
    'pid ' || a.pid || ' (' || coalesce(nullif(a.application_name, ''), 'unnamed') || ', '
        || coalesce(a.state, a.backend_type) || ')' as holder,
    greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) as xids,
    pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.backend_start) as age,
    false as catalogs_only,
    'select pg_catalog.pg_terminate_backend(' || a.pid || ')' as remedy
from pg_catalog.pg_stat_activity as a
where a.datname = pg_catalog.current_database()
    and a.backend_type <> 'walsender'
    and coalesce(a.backend_xmin, a.backend_xid) is not null
    and a.pid <> pg_catalog.pg_backend_pid()
    and a.pid not in (select p.pid from pg_catalog.pg_stat_progress_vacuum as p)
union all
select
    'feedback of standby ' || coalesce(nullif(r.application_name, ''), 'unnamed') || ' (pid ' || r.pid || ')',
    pg_catalog.age(r.backend_xmin),
    null,
    false,
    'end the oldest query on the standby, or set hot_standby_feedback = off there'
from pg_catalog.pg_stat_replication as r
where r.backend_xmin is not null
union all
select
    'prepared transaction ' || pg_catalog.quote_literal(x.gid) || ' of ' || x.owner,
    pg_catalog.age(x.transaction),
    pg_catalog.clock_timestamp() - x.prepared,
    false,
    'rollback prepared ' || pg_catalog.quote_literal(x.gid)
from pg_catalog.pg_prepared_xacts as x
where x.database = pg_catalog.current_database()
union all
select
    'replication slot ' || s.slot_name || coalesce(' of pid ' || s.active_pid, ', which nobody reads'),
    held.xids,
    null,
    held.catalogs_only,
    'let its reader catch up, or select pg_catalog.pg_drop_replication_slot(' || pg_catalog.quote_literal(s.slot_name) || ')'
from pg_catalog.pg_replication_slots as s
cross join lateral (
    values
    (pg_catalog.age(s.xmin), false),
    (pg_catalog.age(s.catalog_xmin), true)
) as held (xids, catalogs_only)
where held.xids is not null
union all
select
    'someone unseen',
    null,
    null,
    false,
    'grant pg_monitor to ' || pg_catalog.quote_ident(current_user)
where not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage')
order by xids desc nulls last, holder
