-- What it answers: which roles of the application own, or have the rights of the owner of, what isolation stands on: tables of tenants,
-- materialized views of their rows, functions that these tables' policies, triggers, checks and defaults call, and the schemas of all of these?
-- A view of the application's is none of it: it reads with the rights of its owner.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: owner and maintenance, as the profile names them ('' for none); those of isolation/tenant_tables and isolation/reachable_roles; {tables},
-- {holding}, {reached}
-- Minimum version: 13
with tables as materialized (
    {tables}
),
reached as materialized (
    {reached}
),
functions as (
    -- From the functions of these roles, which are few, and not from all tables.
    select distinct p.oid, p.proname, p.pronamespace, p.proowner
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_depend as d on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid = p.oid
    left join pg_catalog.pg_policy as po on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and po.oid = d.objid
    left join pg_catalog.pg_trigger as t on d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and t.oid = d.objid
    left join pg_catalog.pg_constraint as con on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and con.oid = d.objid
    left join pg_catalog.pg_attrdef as def on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and def.oid = d.objid
    where p.proowner in (select reached.role from reached)
        and coalesce(po.polrelid, t.tgrelid, con.conrelid, def.adrelid) in (select tables.oid from tables)
),
things as (
    select 1 as place, tables.owner, tables.ident, c.relnamespace as schema
    from tables
    join pg_catalog.pg_class as c on c.oid = tables.oid
    union all
    select 2, c.relowner, holding.ident, c.relnamespace
    from ({holding}) as holding
    join pg_catalog.pg_class as c on c.oid = holding.oid
    where holding.kind = 'm'
    union all
    select
        3,
        functions.proowner,
        pg_catalog.format('%%I.%%I(%%s)', n.nspname, functions.proname, pg_catalog.pg_get_function_identity_arguments(functions.oid)),
        functions.pronamespace
    from functions
    join pg_catalog.pg_namespace as n on n.oid = functions.pronamespace
),
owned as (
    select each.owner, each.place, pg_catalog.count(*) as number, pg_catalog.min(each.ident) as example
    from (
        select things.place, things.owner, things.ident
        from things
        union all
        -- From 14 on pg_database_owner is whoever owns the database.
        select 4, case when owner.rolname = 'pg_database_owner' then d.datdba else n.nspowner end, pg_catalog.quote_ident(n.nspname)
        from pg_catalog.pg_namespace as n
        join pg_catalog.pg_roles as owner on owner.oid = n.nspowner
        join pg_catalog.pg_database as d on d.datname = pg_catalog.current_database()
        where n.oid in (select things.schema from things)
    ) as each
    group by each.owner, each.place
),
told as (
    select
        owned.owner,
        pg_catalog.string_agg(owned.number || kind.observed, ', ' order by owned.place) as observed,
        pg_catalog.string_agg(kind.detail || ', ' || owned.example || ' among them', '; ' order by owned.place) as detail
    from owned
    join (
        values
        (1, ' tables of tenants', 'the owner can disable row-level security, whether it is forced or not'),
        (2, ' materialized views of tenants'' rows', 'the owner reads all that a materialized view holds'),
        (3, ' functions that tenants'' tables call', 'the owner can replace what policies, triggers, checks and defaults run'),
        (4, ' schemas of these', 'the owner can drop what is in a schema, and policies with the functions that they call')
    ) as kind (place, observed, detail) on kind.place = owned.place
    group by owned.owner
)
select
    'role' as object_type,
    reached.start as object_name,
    case
        when reached.member is null then 'owns ' || told.observed
        else 'has the rights of ' || reached.ident || ', the owner of ' || told.observed
    end as observed,
    'a role that cannot change what isolation stands on' as expected,
    told.detail || ': ' || reached.chain as detail,
    case
        when reached.member is null then other.made
            || coalesce(
                (
                    select pg_catalog.string_agg(
                        'alter materialized view ' || things.ident || ' owner to ' || refreshing.ident || '; ', '' order by things.ident
                    )
                    from things
                    where things.place = 2 and things.owner = reached.role
                ), ''
            )
            || 'reassign owned by ' || reached.ident || ' to ' || other.ident
        when reached.granted and pg_catalog.current_setting('server_version_num')::integer < 160000
            then 'alter role ' || reached.member || ' nocreaterole'
        else 'revoke ' || reached.ident || ' from ' || reached.member
    end as remediation
from reached
join told on told.owner = reached.role
cross join lateral (
    -- The owner that the profile names, where it is another one.
    select
        pg_catalog.quote_ident(named.role) as ident,
        case
            when exists (select from pg_catalog.pg_roles as r where r.rolname = named.role) then ''
            else 'create role ' || pg_catalog.quote_ident(named.role) || ' nologin; '
        end as made
    from (
        select
            case
                when %(owner)s::text in ('', r.rolname::text) then pg_catalog.left(r.rolname::text, 57) || '_owner'
                else %(owner)s::text
            end as role
        from pg_catalog.pg_roles as r
        where r.oid = reached.role
    ) as named
) as other
-- Who refreshes it must be filtered by no policy, or nothing is in it then.
left join lateral (
    select pg_catalog.quote_ident(r.rolname) as ident
    from pg_catalog.pg_roles as r
    where r.rolname = %(maintenance)s::text and r.oid <> reached.role
) as refreshing on true
where not reached.implied
    and reached.past is null
order by object_name, observed
