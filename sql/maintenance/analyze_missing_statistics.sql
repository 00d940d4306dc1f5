-- What it answers: which tables and materialized views hold rows, were analyzed and have no statistics all the same? Only
-- where the role would see them: pg_stats hides what may not be read, and what row-level security filters.
-- Columns: oid
-- Parameters: oid, of the one that is asked for, or NULL for all
-- Minimum version: 13
select c.oid::bigint as oid
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm')
    and (%(oid)s::bigint is null or c.oid = %(oid)s::bigint::oid)
    and n.nspname !~ '^pg_'
    and pg_catalog.pg_stat_get_live_tuples(c.oid) > 0
    and pg_catalog.has_table_privilege(c.oid, 'select')
    and not pg_catalog.row_security_active(c.oid)
    and exists (
        select
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid
            and a.attnum > 0
            and not a.attisdropped
            and a.attgenerated <> 'v'
            and coalesce(a.attstattarget, -1) <> 0
    )
    and not exists (
        select
        from pg_catalog.pg_stats as s
        where s.schemaname = n.nspname
            and s.tablename = c.relname
            and not s.inherited
        -- Looked up by name for each table: joined, the view would be read whole for one table as well.
        offset 0
    )
order by c.oid
