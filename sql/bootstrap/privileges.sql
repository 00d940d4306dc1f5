-- What it answers: which statements supply the rights on the suite's own tables and sequences that are missing, where
-- they were there before with an owner of their own?
-- Columns: statement.
-- Parameters: maintenance.
-- Minimum version: 13.
with own as (
    select c.oid, c.relkind, n.nspname, c.relname
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'S')
        and (
            n.nspname = 'steward'
            or c.oid in (
                pg_catalog.to_regclass('public.maintenance_log'),
                pg_catalog.to_regclass('public.materialized_view_metadata')
            )
            -- A serial column's sequence has rights of its own.
            or c.oid in (
                select d.objid
                from pg_catalog.pg_depend as d
                where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    and d.refobjid = pg_catalog.to_regclass('public.maintenance_log')
                    and d.deptype = 'a'
            )
        )
)
select pg_catalog.format('grant usage on schema steward to %%I', r.rolname) as statement
from pg_catalog.pg_roles as r
where r.rolname = %(maintenance)s
    and not coalesce(pg_catalog.has_schema_privilege(r.oid, pg_catalog.to_regnamespace('steward'), 'usage'), true)
union all
(
    select
        case own.relkind
            when 'S' then pg_catalog.format('grant usage, select on sequence %%I.%%I to %%I', own.nspname, own.relname, r.rolname)
            else pg_catalog.format('grant select, insert, update, delete on %%I.%%I to %%I', own.nspname, own.relname, r.rolname)
        end
    from own
    join pg_catalog.pg_roles as r on r.rolname = %(maintenance)s
    where case own.relkind
        when 'S' then not pg_catalog.has_sequence_privilege(r.oid, own.oid, 'usage')
        else not (
            pg_catalog.has_table_privilege(r.oid, own.oid, 'select')
            and pg_catalog.has_table_privilege(r.oid, own.oid, 'insert')
            and pg_catalog.has_table_privilege(r.oid, own.oid, 'update')
            and pg_catalog.has_table_privilege(r.oid, own.oid, 'delete')
        )
    end
    order by own.nspname collate "C", own.relname collate "C"
)
