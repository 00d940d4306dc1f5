-- What it answers: who keeps dead rows of this database's tables from being removed, the oldest first? Another
-- session's snapshot or transaction, a prepared transaction, a replication slot, a standby's feedback. A slot's
-- catalog_xmin is not asked: it holds back the system's catalogs only. Vacuums hold nobody back.
-- Columns: holder, xids (how many transactions old), age, long (whether for longer than may be waited out)
-- Parameters: horizon_age, an interval
-- Minimum version: 13
select
    holders.holder,
    holders.xids,
    pg_catalog.date_trunc('second', holders.age)::text as age,
    coalesce(holders.age > %(horizon_age)s::interval, holders.forgotten) as long
from (
    select
        case a.backend_type when 'walsender' then 'standby feedback of pid ' else 'pid ' end || a.pid
            || ' (' || coalesce(nullif(a.application_name, ''), 'unnamed') || ', '
            || coalesce(a.state, a.backend_type) || ')' as holder,
        greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) as xids,
        pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.backend_start) as age,
        false as forgotten
    from pg_catalog.pg_stat_activity as a
    where (a.datname = pg_catalog.current_database() or a.backend_type = 'walsender')
        and coalesce(a.backend_xmin, a.backend_xid) is not null
        and a.pid <> pg_catalog.pg_backend_pid()
        and a.pid not in (select p.pid from pg_catalog.pg_stat_progress_vacuum as p)
    union all
    select
        'prepared transaction ' || pg_catalog.quote_literal(x.gid) || ' of ' || x.owner,
        pg_catalog.age(x.transaction),
        pg_catalog.clock_timestamp() - x.prepared,
        false
    from pg_catalog.pg_prepared_xacts as x
    where x.database = pg_catalog.current_database()
    union all
    select
        'replication slot ' || s.slot_name || coalesce(' of pid ' || s.active_pid, ', which nobody reads'),
        pg_catalog.age(s.xmin),
        null,
        not s.active
    from pg_catalog.pg_replication_slots as s
    where s.xmin is not null
    union all
    select 'someone unseen (' || current_user || ' is not a member of pg_read_all_stats)', 0, null, false
    where not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage')
) as holders
order by holders.xids desc, holders.holder
limit 1
