-- Which policies stand on tenant tables, what do they say, and to which of the application's roles do they apply?
-- Columns: ident; table_ident; permissive; command (polcmd); actors, a mapping of each role to the role by which the policy
-- reaches it ('' for itself and for PUBLIC); idents, of each role the name as it is written; locked (nothing else can be told
-- then); using; check; nullable; type; strict; conditions, the check constraints of a column that could be the empty text: column, condition; remedy
-- Parameters: those of isolation/tenant_filters and isolation/application_roles; {filters}, {actors}
-- Minimum version: 13
with filters as (
    {filters}
),
actors as (
    {actors}
),
locked as (
    -- pg_get_expr() would wait for these. A prepared transaction has no process.
    select distinct l.relation as oid
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
        and l.pid is distinct from pg_catalog.pg_backend_pid()
),
reached as (
    select
        p.oid,
        pg_catalog.jsonb_object_agg(actors.name, reached.through) as actors,
        pg_catalog.jsonb_object_agg(actors.name, pg_catalog.quote_ident(actors.name)) as idents
    from pg_catalog.pg_policy as p
    join filters on filters.oid = p.polrelid
    cross join actors
    cross join lateral (
        select coalesce(
            min(case when named.oid in (0, actors.oid) then '' end), min(pg_catalog.quote_ident(r.rolname))
        ) as through
        from pg_catalog.unnest(p.polroles) as named (oid)
        left join pg_catalog.pg_roles as r on r.oid = named.oid
        where named.oid = 0 or pg_catalog.pg_has_role(actors.oid, named.oid, 'usage')
    ) as reached
    where reached.through is not null
    group by p.oid
)
select
    pg_catalog.quote_ident(p.polname) || ' on ' || filters.ident as ident,
    filters.ident as table_ident,
    p.polpermissive as permissive,
    p.polcmd::text as command,
    coalesce(reached.actors, '{{}}') as actors,
    coalesce(reached.idents, '{{}}') as idents,
    locked.oid is not null as locked,
    case when locked.oid is null then pg_catalog.pg_get_expr(p.polqual, p.polrelid) end as "using",
    case when locked.oid is null then pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) end as "check",
    filters.nullable,
    filters.type,
    filters.strict,
    case
        when locked.oid is not null or a.typcategory <> 'S' then null
        -- There '' would have to be one of the tenants.
        when exists (
            select
            from pg_catalog.pg_constraint as con
            where con.conrelid = p.polrelid and con.contype = 'f' and con.convalidated and con.conkey = array[a.attnum]
        ) then null
        else array(
            select array[a.attname::text, pg_catalog.pg_get_expr(con.conbin, con.conrelid)]
            from pg_catalog.pg_constraint as con
            where con.conrelid = p.polrelid and con.contype = 'c' and con.convalidated and a.attnum = any (con.conkey)
            union all
            select array['value', pg_catalog.pg_get_expr(con.conbin, 0)]
            from pg_catalog.pg_constraint as con
            where a.typtype = 'd' and con.contypid = a.atttypid and con.contype = 'c' and con.convalidated
        )
    end as conditions,
    case
        when filters.filter is null then pg_catalog.format('drop policy %%I on %%s', p.polname, filters.ident)
        else pg_catalog.format('alter policy %%I on %%s', p.polname, filters.ident)
            || case when p.polcmd <> 'a' then pg_catalog.format(' using (%%s)', filters.filter) else '' end
            || case when p.polcmd in ('a', 'w', '*') then pg_catalog.format(' with check (%%s)', filters.filter) else '' end
    end as remedy
from filters
join pg_catalog.pg_policy as p on p.polrelid = filters.oid
cross join lateral (
    -- Looked up for each policy: joined with all of them, the tables of ten thousand partitions are gone through for each.
    select a.attnum, a.attname, a.atttypid, y.typcategory, y.typtype
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_type as y on y.oid = a.atttypid
    where a.attrelid = p.polrelid and a.attname = %(column)s
    offset 0
) as a
left join reached on reached.oid = p.oid
left join locked on locked.oid = filters.oid
order by filters.ident, p.polname
