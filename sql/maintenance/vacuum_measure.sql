-- What it answers: what one table needs of VACUUM, and what the server has noted of it. Takes no lock.
-- Columns: counting (whether the server counts at all), counted (whether it has counted anything of this table),
-- live_rows, dead_rows, dead_ratio, inserted_rows, vacuums, last_vacuum, pages, unfrozen_pages (NULL before 18), xid_age, mxid_age (the greater of the table's and its TOAST's)
-- Parameters: oid; {frozen_pages} is inventory/frozen_pages
-- Minimum version: 13
with counted as (
    select
        pg_catalog.pg_stat_get_live_tuples(c.oid) as live_rows,
        pg_catalog.pg_stat_get_dead_tuples(c.oid) as dead_rows,
        pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) as inserted_rows,
        pg_catalog.pg_stat_get_mod_since_analyze(c.oid) as modified_rows,
        pg_catalog.pg_stat_get_vacuum_count(c.oid) + pg_catalog.pg_stat_get_autovacuum_count(c.oid) as vacuums,
        greatest(
            pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)
        ) as last_vacuum,
        greatest(
            pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)
        ) as last_analyze,
        c.relpages as pages,
        c.relpages - frozen.pages as unfrozen_pages,
        greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(toast.relfrozenxid)) as xid_age,
        greatest(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(toast.relminmxid)) as mxid_age
    from pg_catalog.pg_class as c
    left join pg_catalog.pg_class as toast on toast.oid = c.reltoastrelid
    left join (
        {frozen_pages}
    ) as frozen on frozen.oid = c.oid
    where c.oid = %(oid)s::bigint::oid
)
select
    pg_catalog.current_setting('track_counts')::boolean as counting,
    counted.live_rows,
    counted.dead_rows,
    coalesce(
        pg_catalog.round(counted.dead_rows::numeric / nullif(counted.live_rows + counted.dead_rows, 0), 4), 0
    )::double precision as dead_ratio,
    counted.inserted_rows,
    counted.live_rows + counted.dead_rows + counted.inserted_rows + counted.modified_rows > 0
        or counted.last_vacuum is not null
        or counted.last_analyze is not null as counted,
    counted.vacuums,
    pg_catalog.to_char(counted.last_vacuum at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last_vacuum,
    counted.pages,
    counted.unfrozen_pages,
    counted.xid_age,
    counted.mxid_age
from counted
order by 1
