-- What decides who reaches which rows, to be compared between a database and its copy.
-- Columns: fact
-- Parameters: column; roles text[], the application's
-- Minimum version: 13
with relations as (
    select c.oid, c.relowner, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
    where c.relkind in ('r', 'p', 'm', 'f', 'v')
        and c.relpersistence <> 't'
        and not exists (
            select
            from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'
        )
)
select found.fact
from (
    select
        pg_catalog.format(
            '%%s (%%s of %%s)%%s%%s', r.ident, c.relkind, owner.rolname,
            case when c.relrowsecurity then ', row-level security' end,
            case when c.relforcerowsecurity then ', forced' end
        ) as fact
    from relations as r
    join pg_catalog.pg_class as c on c.oid = r.oid
    join pg_catalog.pg_roles as owner on owner.oid = c.relowner
    union all
    select pg_catalog.format('%%s: %%s to %%s', r.ident, given.privilege_type, coalesce(grantee.rolname, 'PUBLIC'))
    from relations as r
    join pg_catalog.pg_class as c on c.oid = r.oid
    cross join lateral pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) as given
    left join pg_catalog.pg_roles as grantee on grantee.oid = given.grantee
    -- From 17 on; a copy may stand on a newer server.
    where given.privilege_type <> 'MAINTAIN'
    union all
    select
        pg_catalog.format(
            '%%s.%%I: %%s to %%s', r.ident, a.attname, given.privilege_type, coalesce(grantee.rolname, 'PUBLIC')
        )
    from relations as r
    join pg_catalog.pg_attribute as a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    cross join lateral pg_catalog.aclexplode(a.attacl) as given
    left join pg_catalog.pg_roles as grantee on grantee.oid = given.grantee
    union all
    select
        pg_catalog.format(
            '%%s: policy %%I, %%s for %%s to %%s%%s%%s', r.ident, p.polname,
            case when p.polpermissive then 'permissive' else 'restrictive' end, p.polcmd,
            (
                select pg_catalog.string_agg(coalesce(member.rolname, 'PUBLIC'), ' ' order by member.rolname)
                from pg_catalog.unnest(p.polroles) as named (oid)
                left join pg_catalog.pg_roles as member on member.oid = named.oid
            ),
            case when p.polqual is not null then ', using' end,
            case when p.polwithcheck is not null then ', with check' end
        )
    from relations as r
    join pg_catalog.pg_policy as p on p.polrelid = r.oid
    union all
    select
        pg_catalog.format(
            'role %%I%%s%%s', r.rolname,
            case when r.rolsuper then ', superuser' end, case when r.rolbypassrls then ', bypassrls' end
        )
    from pg_catalog.pg_roles as r
    where r.rolname = any (%(roles)s::text[]) or r.oid in (select relowner from relations)
) as found
order by found.fact
