-- What it answers: on which tables of tenants has the application rights that no policy holds back?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: rights text[], in lower case; those of isolation/tenant_tables and isolation/granted_rights; {tables}, {granted}
-- Minimum version: 13
select
    'table' as object_type,
    tables.ident as object_name,
    pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' granted to '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as observed,
    'no such right' as expected,
    pg_catalog.string_agg(
        distinct case granted.privilege
            when 'truncate' then 'no policy applies to TRUNCATE, which deletes every tenant''s rows'
            when 'references' then 'a foreign key to it shows which keys other tenants have'
            when 'trigger' then 'a trigger on it runs as the role that writes, and reads every row that this role writes'
        end, '; '
    ) || ' (' || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')' as detail,
    'revoke ' || pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' on ' || tables.ident || ' from '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as remediation
from ({tables}) as tables
join ({granted}) as granted on granted.oid = tables.oid and granted.privilege = any (%(rights)s::text[])
group by tables.ident
order by tables.ident
