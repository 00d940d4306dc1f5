-- Which functions do policies of tenant tables call, which others name settings, and which are immutable, with their source?
-- Columns: ident (with the types of its arguments); called by a policy; volatility (provolatile); definition; remedy, what makes it stable
-- Parameters: those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
with tables as (
    {tables}
),
called as (
    select distinct d.refobjid as oid
    from tables
    join pg_catalog.pg_policy as p on p.polrelid = tables.oid
    join pg_catalog.pg_depend as d
        on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
        and d.objid = p.oid
        and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
),
known as materialized (
    select
        p.oid,
        pg_catalog.format(
            '%%I.%%I(%%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
        ) as ident,
        p.prokind,
        p.provolatile::text as volatility,
        called.oid is not null as called,
        pg_catalog.pg_get_functiondef(p.oid) as definition
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    join pg_catalog.pg_language as l on l.oid = p.prolang
    left join called on called.oid = p.oid
    where p.prokind in ('f', 'p')
        and (
            called.oid is not null
            or (
                l.lanname in ('sql', 'plpgsql')
                and n.nspname !~ '^pg_'
                and n.nspname <> 'information_schema'
                and not exists (
                    select
                    from pg_catalog.pg_depend as d
                    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
                )
            )
        )
)
select
    known.ident,
    known.called,
    known.volatility,
    known.definition,
    pg_catalog.format('alter %%s %%s stable', case known.prokind when 'p' then 'procedure' else 'function' end, known.ident) as remedy
from known
-- What cannot name a setting is not worth reading, unless it must not even call what does.
where known.called or known.volatility = 'i' or known.definition ~* 'current_setting|set_config|\mset\M'
order by known.ident
