-- Which functions run with their owner's rights when a role calls them: a function with the caller's rights reaches nothing that the
-- caller does not reach without it.
-- Columns: schema; name; ident, with its arguments; role; categories, types of the arguments that a call must give; returns: a call shows
-- anything, as that of a procedure does not; tells: it may show a row of a tenant, as what is only truth values, numbers, times
-- and labels does not; lasting, whether it may write
-- Parameters: column, roles text[], exclude
-- Minimum version: 13
select
    n.nspname::text as schema,
    p.proname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' as ident,
    role.rolname::text as role,
    array(
        select t.typcategory::text
        from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality as argument (type, place)
        join pg_catalog.pg_type as t on t.oid = argument.type
        where argument.place <= p.pronargs - p.pronargdefaults
        order by argument.place
    ) as categories,
    array(
        select pg_catalog.format_type(argument.type, null)
        from pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) with ordinality as argument (type, place)
        where argument.place <= p.pronargs - p.pronargdefaults
        order by argument.place
    ) as types,
    p.prokind = 'f' and p.prorettype <> 'pg_catalog.void'::pg_catalog.regtype as returns,
    exists (
        select
        from (
            select p.prorettype as type, null as name
            where p.prorettype <> 'pg_catalog.record'::pg_catalog.regtype or p.proallargtypes is null
            union all
            select shown.type, shown.name
            from rows from (
                pg_catalog.unnest(p.proallargtypes), pg_catalog.unnest(p.proargmodes), pg_catalog.unnest(p.proargnames)
            ) as shown (type, mode, name)
            where shown.mode in ('b', 'o', 't')
        ) as result
        join pg_catalog.pg_type as t on t.oid = result.type
        where t.typcategory not in ('B', 'D', 'E', 'N', 'T') or result.name = %(column)s
    ) as tells,
    p.provolatile = 'v' as lasting
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
cross join pg_catalog.pg_roles as role
where p.prosecdef
    and p.prokind in ('f', 'p')
    and p.prorettype not in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not n.nspname || '.' || p.proname like any (%(exclude)s::text[])
    and role.rolname = any (%(roles)s::text[])
    and pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage')
    and pg_catalog.has_function_privilege(role.oid, p.oid, 'execute')
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
    )
order by n.nspname collate "C", p.proname collate "C", p.oid, role.rolname collate "C"
