-- Which tables without the tenant column have rows that belong to rows of tenants by a foreign key, at any distance, and can be used by the
-- application?
-- Columns: ident; parent, of the nearest such key; callers, to whom rights are granted; rls; policies, permissive ones for the application as a JSON array
-- of name, using and with check; guarding, statements that let through the rows whose parent is let through; condition, of a policy that does
-- Parameters: those of isolation/tenant_tables and isolation/granted_rights; {tables}, {granted}, {reached}
-- Minimum version: 13
with recursive granted as (
    {granted}
),
tables as (
    {tables}
),
keys as (
    select con.oid, con.conrelid as child, con.confrelid as parent
    from pg_catalog.pg_constraint as con
    where con.contype = 'f'
        and con.conparentid = 0
        and con.conrelid <> con.confrelid
        and con.conrelid not in (select tables.oid from tables)
),
belonging as (
    select keys.oid, keys.child, 1 as distance
    from keys
    join tables on tables.oid = keys.parent
    union
    select keys.oid, keys.child, belonging.distance + 1
    from belonging
    join keys on keys.parent = belonging.child
    -- Tables may refer to each other in a circle.
    where belonging.distance < 8
),
nearest as (
    select distinct on (belonging.child) belonging.child, belonging.oid
    from belonging
    order by belonging.child, belonging.distance, belonging.oid
)
select
    child.ident,
    parent.ident as parent,
    callers.names as callers,
    c.relrowsecurity as rls,
    (
        select coalesce(
            pg_catalog.jsonb_agg(
                pg_catalog.jsonb_build_object(
                    'name', pg_catalog.quote_ident(p.polname),
                    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                    'with check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
                )
                order by p.polname
            ), '[]'
        )
        from pg_catalog.pg_policy as p
        where p.polrelid = c.oid
            and p.polpermissive
            and not exists (select from pg_catalog.pg_policy as narrow where narrow.polrelid = c.oid and not narrow.polpermissive)
            and exists (
                select
                from pg_catalog.unnest(p.polroles) as named (oid)
                where named.oid = 0
                    or named.oid in (select reached.role from ({reached}) as reached)
            )
    ) as policies,
    'alter table ' || child.ident || ' enable row level security; create policy by_parent on ' || child.ident
        || ' using (' || joined.condition || ')' as guarding,
    joined.condition
from nearest
join pg_catalog.pg_constraint as con on con.oid = nearest.oid
join pg_catalog.pg_class as c on c.oid = nearest.child
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
    from pg_catalog.pg_namespace as n
    where n.oid = c.relnamespace
) as child
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(up.relname) as ident
    from pg_catalog.pg_class as up
    join pg_catalog.pg_namespace as n on n.oid = up.relnamespace
    where up.oid = con.confrelid
) as parent
cross join lateral (
    select 'exists (select from ' || parent.ident || ' as parent where '
        || pg_catalog.string_agg(
            'parent.' || pg_catalog.quote_ident(theirs.attname) || ' = ' || pg_catalog.quote_ident(c.relname) || '.' || pg_catalog.quote_ident(mine.attname),
            ' and ' order by pair.place
        ) || ')' as condition
    from rows from (pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey)) with ordinality as pair (mine, theirs, place)
    join pg_catalog.pg_attribute as mine on mine.attrelid = con.conrelid and mine.attnum = pair.mine
    join pg_catalog.pg_attribute as theirs on theirs.attrelid = con.confrelid and theirs.attnum = pair.theirs
) as joined
cross join lateral (
    select pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as names
    from granted
    where granted.oid = c.oid
        and granted.privilege in ('select', 'insert', 'update', 'delete')
) as callers
where callers.names is not null
order by child.ident
