-- What it answers: which roles of the application cannot be tried, because they do not exist or the login may not become them?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles text[]
-- Minimum version: 16; a membership may leave SET out
select
    'inconclusive' as object_type,
    pg_catalog.quote_ident(named.role) as object_name,
    case when role.oid is null then 'no such role' else 'the login may not become it' end as observed,
    'a role that can be tried' as expected,
    case
        when role.oid is null then 'a role of the application that does not exist'
        else 'the login role ' || pg_catalog.quote_ident(session_user) || ' may not become it'
    end as detail,
    case
        when role.oid is null then 'name the roles in isolation.roles of the profile'
        else 'let an administrator run: grant ' || pg_catalog.quote_ident(named.role) || ' to ' || pg_catalog.quote_ident(session_user)
    end as remediation
from pg_catalog.unnest(%(roles)s::text[]) as named (role)
left join pg_catalog.pg_roles as role on role.rolname = named.role
where role.oid is null or not pg_catalog.pg_has_role(session_user, role.oid, 'set')
order by named.role collate "C"
