-- What it answers: which roles of the profile are not there, or cannot do, or can do too much, for what they are for?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: maintenance, owner, application, analytics, admin ('' for none).
-- Minimum version: 13.
with named (key, name) as (
    values
    ('roles.maintenance', %(maintenance)s),
    ('roles.owner', %(owner)s),
    ('roles.application', %(application)s),
    ('roles.analytics', %(analytics)s),
    ('roles.admin', %(admin)s)
)
select
    'role' as object_type,
    named.name as object_name,
    'there is no such role' as observed,
    'the role that the profile names' as expected,
    named.key || ' names it; what it is for cannot be judged' as detail,
    'create the role, or correct ' || named.key || ' ("" where the database has none)' as remediation
from named
where named.name <> ''
    and not exists (select from pg_catalog.pg_roles as r where r.rolname = named.name)
union all
select
    'role',
    r.rolname::text,
    'filtered by row-level security',
    'bypassrls',
    'maintenance would see one tenant''s rows or none, and delete, count and refresh by them',
    pg_catalog.format('alter role %%I bypassrls', r.rolname)
from pg_catalog.pg_roles as r
where r.rolname = %(maintenance)s
    and not r.rolbypassrls
    and not r.rolsuper
union all
select
    'role',
    r.rolname::text,
    'cannot see other sessions',
    'a member of pg_monitor',
    'guards could not tell load, blockers and old transactions',
    pg_catalog.format('grant pg_monitor to %%I', r.rolname)
from pg_catalog.pg_roles as r
where r.rolname = %(maintenance)s
    and not pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'usage')
union all
select
    'role',
    r.rolname::text,
    'a superuser',
    'a role with the rights that maintenance needs',
    'a run connects as it: every mistake would be one of a superuser',
    'connect as another role; nox -s bootstrap -- --print-sql prints what that one needs'
from pg_catalog.pg_roles as r
where r.rolname = session_user
    and r.rolsuper
union all
select
    'role',
    r.rolname::text,
    'cannot act as ' || application.rolname,
    'may set role ' || application.rolname,
    'the canary and the probes feel what the application feels by acting as it',
    pg_catalog.format('grant %%I to %%I', application.rolname, r.rolname)
from pg_catalog.pg_roles as r
join pg_catalog.pg_roles as application on application.rolname = %(application)s
where r.rolname = session_user
    and not pg_catalog.pg_has_role(
        r.oid,
        application.oid,
        case when pg_catalog.current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end
    )
order by object_name, observed
