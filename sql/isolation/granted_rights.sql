-- Which rights on relations the application has by a grant: to itself, to a role that it reaches, or to PUBLIC, in schemas that it may use.
-- The owner's own rights are none of these. Other statements take it as their part {granted}.
-- Columns: oid of the relation; privilege, in lower case; grantee, quoted, or public; chain, how the application comes by it; revoked, the statement
-- that takes it away
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select
    held.oid,
    held.privilege,
    holder.grantee,
    holder.chain,
    case
        when holder.grantee in ('pg_read_all_data', 'pg_write_all_data') then 'revoke ' || holder.grantee || ' from ' || holder.members
        else pg_catalog.format('revoke all on %%s.%%I from %%s', held.relnamespace::pg_catalog.regnamespace, held.relname, holder.grantee)
    end as revoked
from (
    select c.oid, c.relname, c.relnamespace, c.relowner, pg_catalog.lower(acl.privilege_type) as privilege, acl.grantee
    from pg_catalog.pg_class as c
    cross join lateral pg_catalog.aclexplode(c.relacl) as acl
    where c.relkind in ('r', 'p', 'f', 'v', 'm')
    union
    select c.oid, c.relname, c.relnamespace, c.relowner, pg_catalog.lower(acl.privilege_type), acl.grantee
    from pg_catalog.pg_attribute as a
    cross join lateral pg_catalog.aclexplode(a.attacl) as acl
    join pg_catalog.pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f', 'v', 'm')
    where a.attacl is not null
        and not a.attisdropped
    union
    -- Since 14: their members need no grant on anything.
    select c.oid, c.relname, c.relnamespace, c.relowner, given.privilege, r.oid
    from pg_catalog.pg_roles as r
    join (
        values
        ('pg_read_all_data', 'select'),
        ('pg_write_all_data', 'insert'),
        ('pg_write_all_data', 'update'),
        ('pg_write_all_data', 'delete')
    ) as given (role, privilege) on given.role = r.rolname
    join pg_catalog.pg_class as c on c.relkind in ('r', 'p', 'f', 'v', 'm')
) as held
join (
    select
        reached.role,
        pg_catalog.min(reached.ident) as grantee,
        pg_catalog.min(reached.chain) as chain,
        pg_catalog.string_agg(distinct reached.member, ', ' order by reached.member) as members
    from ({reached}) as reached
    group by reached.role
    union all
    select 0::oid, 'public', 'PUBLIC is everybody', null
) as holder on holder.role = held.grantee
where held.grantee <> held.relowner
    and held.relnamespace in (
        select n.oid
        from pg_catalog.pg_namespace as n
        where exists (
            select
            from ({reached}) as reached
            where reached.acts
               
                and pg_catalog.has_schema_privilege(reached.role, n.oid, 'usage')
        )
    )
order by held.oid, held.privilege, holder.grantee
