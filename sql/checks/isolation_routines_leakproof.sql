-- What it answers: which functions of a database's own does the server call with rows before policies have hidden them?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select
    'function' as object_type,
    shown.ident as object_name,
    'leakproof, for ' || pg_catalog.string_agg(distinct holder.grantee, ', ' order by holder.grantee) as observed,
    'not leakproof' as expected,
    'a condition of a query that calls it is evaluated before row-level security: an error or a message of it, or what it writes, tells of '
    || 'rows of other tenants' as detail,
    'alter function ' || shown.ident || ' not leakproof' as remediation
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
        || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as ident
) as shown
cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as acl
join (
    select reached.role, pg_catalog.min(reached.ident) as grantee
    from ({reached}) as reached
    group by reached.role
    union all
    select 0::oid, 'public'
) as holder on holder.role = acl.grantee
where p.proleakproof
    -- Without an argument it is given nothing of a row.
    and p.pronargs > 0
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
group by shown.ident
order by shown.ident
