-- What it answers: which foreign tables with rows of tenants can the application use, though no policy can hold for them?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_tables and isolation/granted_rights; {tables}, {granted}
-- Minimum version: 13
select
    'foreign table' as object_type,
    tables.ident as object_name,
    pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' granted to '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as observed,
    'no grant to the application' as expected,
    'a foreign table has no row-level security: a query of it reaches every tenant''s rows ('
    || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')' as detail,
    pg_catalog.string_agg(distinct granted.revoked, '; ' order by granted.revoked) as remediation
from ({tables}) as tables
-- MAINTAIN, from 17 on, shows no rows.
join ({granted}) as granted on granted.oid = tables.oid and granted.privilege <> 'maintain'
where tables.kind = 'f'
group by tables.ident
order by tables.ident
