-- What it answers: which statements supply the rights on the suite's own tables and sequences that are missing, where
-- they were there before with an owner of their own? Of an included table's owner the maintenance role has all rights.
-- Columns: statement.
-- Parameters: those of inventory/included; maintenance.
-- Minimum version: 13.
with ours as (
    {ours}
),
own as (
    select c.oid, c.relkind, n.nspname, c.relname
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_roles as owner on owner.oid = c.relowner and not owner.rolsuper
    where c.relkind = 'r'
        and c.oid not in (select ours.oid from ours)
        and (
            n.nspname = 'steward'
            or (n.nspname = 'public' and c.relname in ('maintenance_log', 'materialized_view_metadata'))
        )
),
sequences as (
    -- A serial column's sequence has rights of its own.
    select c.oid, c.relkind, n.nspname, c.relname
    from own
    join pg_catalog.pg_depend as d on d.refobjid = own.oid
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype = 'a'
    join pg_catalog.pg_class as c on c.oid = d.objid and c.relkind = 'S'
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
)
select pg_catalog.format('grant usage on schema steward to %%I', r.rolname) as statement
from pg_catalog.pg_roles as r
join pg_catalog.pg_namespace as n on n.nspname = 'steward'
where r.rolname = %(maintenance)s
    and not pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
union all
(
    select pg_catalog.format('grant select, insert, update, delete on %%I.%%I to %%I', own.nspname, own.relname, r.rolname)
    from own
    join pg_catalog.pg_roles as r on r.rolname = %(maintenance)s
    where not (
        pg_catalog.has_table_privilege(r.oid, own.oid, 'select')
        and pg_catalog.has_table_privilege(r.oid, own.oid, 'insert')
        and pg_catalog.has_table_privilege(r.oid, own.oid, 'update')
        and pg_catalog.has_table_privilege(r.oid, own.oid, 'delete')
    )
    order by own.nspname collate "C", own.relname collate "C"
)
union all
(
    select pg_catalog.format('grant usage, select on sequence %%I.%%I to %%I', s.nspname, s.relname, r.rolname)
    from sequences as s
    join pg_catalog.pg_roles as r on r.rolname = %(maintenance)s
    where not pg_catalog.has_sequence_privilege(r.oid, s.oid, 'usage')
    order by s.nspname collate "C", s.relname collate "C"
)
