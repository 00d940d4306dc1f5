-- What it answers: where does the tenant's setting have a value before anybody has set it?
-- Such a default comes back with every RESET and survives SET LOCAL. Values are never told: they name tenants.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: setting; roles, of the application
-- Minimum version: 13
with tenants (name, quoted) as (
    select pg_catalog.lower(%(setting)s), (
        select pg_catalog.string_agg(pg_catalog.quote_ident(part.word), '.' order by part.place)
        from pg_catalog.unnest(pg_catalog.string_to_array(%(setting)s, '.')) with ordinality as part (word, place)
    )
),
lines as (
    select s.setdatabase, s.setrole, 0::oid as function, each.line
    from pg_catalog.pg_db_role_setting as s
    cross join lateral pg_catalog.unnest(s.setconfig) as each (line)
    union all
    select 0, 0, p.oid, each.line
    from pg_catalog.pg_proc as p
    cross join lateral pg_catalog.unnest(p.proconfig) as each (line)
),
told as (
    select
        lines.setdatabase,
        lines.setrole,
        lines.function,
        pg_catalog.quote_ident(d.datname) as database,
        pg_catalog.quote_ident(r.rolname) as role,
        -- As it was written: the server finds it there by these letters only.
        (
            select pg_catalog.string_agg(pg_catalog.quote_ident(part.word), '.' order by part.place)
            from pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.split_part(lines.line, '=', 1), '.'))
                with ordinality as part (word, place)
        ) as written
    from lines
    join tenants on tenants.name = pg_catalog.lower(pg_catalog.split_part(lines.line, '=', 1))
    left join pg_catalog.pg_database as d on d.oid = lines.setdatabase
    left join pg_catalog.pg_roles as r on r.oid = lines.setrole
    where pg_catalog.split_part(lines.line, '=', 2) <> ''
        and (lines.setdatabase = 0 or d.datname = pg_catalog.current_database())
)
select
    case when told.setrole = 0 then 'database' else 'role' end as object_type,
    coalesce(told.role, told.database, 'all databases') as object_name,
    'a default of ' || tenants.quoted as observed,
    'no default' as expected,
    'a session that sets no tenant has this one: every session'
        || coalesce(' of ' || told.role, '') || coalesce(' in ' || told.database, '') as detail,
    case
        when told.setrole = 0 and told.setdatabase <> 0 then 'alter database ' || told.database
        else 'alter role ' || coalesce(told.role, 'all') || coalesce(' in database ' || told.database, '')
    end || ' reset ' || told.written as remediation
from told
cross join tenants
where told.function = 0
    and (
        told.setrole = 0
        or exists (
            select
            from pg_catalog.pg_roles as application
            where application.rolname = any (%(roles)s) and pg_catalog.pg_has_role(told.setrole, application.oid, 'member')
        )
    )
union all
select
    'function',
    function.ident,
    'a value of its own for ' || tenants.quoted,
    'the caller''s tenant',
    'it reads as the tenant of that value, whoever calls it',
    pg_catalog.format('alter routine %%s reset %%s', function.ident, told.written)
from told
cross join tenants
join pg_catalog.pg_proc as p on p.oid = told.function
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
cross join lateral pg_catalog.format(
    '%%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
) as function (ident)
union all
select
    'setting',
    tenants.quoted,
    'a value in a session that has not set it',
    'no default',
    'the server''s configuration, or the options of the connection, give it one',
    '-- take ' || tenants.quoted || ' out of postgresql.conf; then: select pg_reload_conf()'
from tenants
where pg_catalog.current_setting(%(setting)s, true) <> ''
    and not exists (
        select
        from told
        left join pg_catalog.pg_roles as me on me.rolname = session_user
        where told.function = 0 and told.setrole in (0, me.oid)
    )
order by object_type, object_name, remediation
