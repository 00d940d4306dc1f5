-- What it answers: which materialized views over rows of tenants can the application read itself?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_relations and isolation/granted_rights; {holding}, {granted}
-- Minimum version: 13
select
    'materialized view' as object_type,
    holding.ident as object_name,
    'select granted to ' || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as observed,
    'read only through a security_barrier view that filters by the tenant' as expected,
    'a materialized view has no row-level security, and holds what its owner saw when it was refreshed ('
    || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')' as detail,
    pg_catalog.string_agg(distinct granted.revoked, '; ' order by granted.revoked) as remediation
from ({holding}) as holding
join ({granted}) as granted on granted.oid = holding.oid and granted.privilege = 'select'
where holding.kind = 'm'
group by holding.ident
order by holding.ident
