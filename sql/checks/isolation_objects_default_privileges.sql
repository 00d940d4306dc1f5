-- What it answers: which default privileges give the application rights on tables that do not exist yet, and then come without policies?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: leaves, whether those of roles that can create partitions of tenants' tables, or the others; those of isolation/tenant_tables and
-- isolation/reachable_roles; {tables}, {reached}
-- Minimum version: 13
with tables as (
    {tables}
),
holder as (
    select reached.role, pg_catalog.min(reached.ident) as grantee
    from ({reached}) as reached
    group by reached.role
    union all
    select 0::oid, 'public'
)
select
    'default privileges' as object_type,
    pg_catalog.quote_ident(owner.rolname) || coalesce(' in ' || pg_catalog.quote_ident(n.nspname), '') as object_name,
    pg_catalog.string_agg(distinct pg_catalog.lower(acl.privilege_type), ', ') || ' on new tables granted to '
    || pg_catalog.string_agg(distinct holder.grantee, ', ') as observed,
    'rights that are granted table by table' as expected,
    case
        when %(leaves)s then 'the next partition that ' || pg_catalog.quote_ident(owner.rolname)
            || ' creates can be read by its own name, past the policies of its parent'
        else 'the next table that ' || pg_catalog.quote_ident(owner.rolname) || ' creates can be read until somebody enables row-level security on it'
    end as detail,
    'alter default privileges for role ' || pg_catalog.quote_ident(owner.rolname) || coalesce(' in schema ' || pg_catalog.quote_ident(n.nspname), '')
    || ' revoke all on tables from ' || pg_catalog.string_agg(distinct holder.grantee, ', ') as remediation
from pg_catalog.pg_default_acl as d
join pg_catalog.pg_roles as owner on owner.oid = d.defaclrole
left join pg_catalog.pg_namespace as n on n.oid = d.defaclnamespace
cross join lateral pg_catalog.aclexplode(d.defaclacl) as acl
join holder on holder.role = acl.grantee
where d.defaclobjtype = 'r'
    and acl.grantee <> d.defaclrole
    and (
        d.defaclnamespace = 0
        or d.defaclnamespace in (select c.relnamespace from tables join pg_catalog.pg_class as c on c.oid = tables.oid)
    )
    and %(leaves)s = exists (
        select
        from tables
        where tables.kind = 'p'
            and pg_catalog.pg_has_role(d.defaclrole, tables.owner, 'usage')
    )
group by owner.rolname, n.nspname
order by object_name
