-- The SECURITY DEFINER functions that triggers run when the application inserts, updates or deletes.
-- Columns: ident; owner (oid); language; definition; source; schemas, all of the database; relations, oids of what the triggers are on, of
-- partitions the topmost parent; before, whether any of them runs before the row is written; fired, the names of all; callers, to whom the right is granted that fires them; as_invoker, the statement that has it run as who fires it
-- Parameters: those of isolation/granted_rights; {firing}
-- Minimum version: 13
select
    shown.ident,
    p.proowner::bigint as owner,
    l.lanname::text as language,
    pg_catalog.pg_get_functiondef(p.oid) as definition,
    p.prosrc as source,
    array(select schema.nspname::text from pg_catalog.pg_namespace as schema order by schema.nspname) as schemas,
    fired.relations,
    fired.before,
    fired.names as fired,
    fired.callers,
    'alter function ' || shown.ident || ' security invoker' as as_invoker
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
join (
    select
        t.tgfoid,
        pg_catalog.bool_or(t.tgtype & 2 <> 0) as before,
        pg_catalog.array_agg(distinct top.oid order by top.oid) as relations,
        pg_catalog.string_agg(distinct pg_catalog.quote_ident(home.nspname) || '.' || pg_catalog.quote_ident(c.relname), ', ') as names,
        pg_catalog.string_agg(distinct firing.grantee, ', ' order by firing.grantee) as callers
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_class as c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace as home on home.oid = c.relnamespace
    join ({firing}) as firing on firing.oid = t.tgrelid
        -- The bits of a trigger's type are those of INSERT, DELETE and UPDATE.
        and t.tgtype & case firing.privilege when 'insert' then 4 when 'delete' then 8 else 16 end <> 0
    cross join lateral (
        select coalesce(pg_catalog.pg_partition_root(t.tgrelid), t.tgrelid)::bigint as oid
    ) as top
    where t.tgenabled in ('O', 'A')
        and not t.tgisinternal
        -- Of a partition those that are not its parent's.
        and t.tgparentid = 0
    group by t.tgfoid
) as fired on fired.tgfoid = p.oid
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '()' as ident
) as shown
where p.prosecdef
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
order by shown.ident
