-- The server's roles, for a copy on another server. From 16 on.
-- Minimum version: 16

-- name: create
-- Which statements create this server's roles on another one, with their attributes and memberships? No password is among them.
-- Columns: statement
-- Parameters: known text[], the roles that exist there
-- Minimum version: 16 (memberships have options)
select made.statement
from (
    select
        1 as step,
        r.rolname as name,
        pg_catalog.format(
            'create role %%I with %%s %%s %%s %%s %%s',
            r.rolname,
            case when r.rolsuper then 'superuser' else 'nosuperuser' end,
            case when r.rolbypassrls then 'bypassrls' else 'nobypassrls' end,
            case when r.rolinherit then 'inherit' else 'noinherit' end,
            case when r.rolcreaterole then 'createrole' else 'nocreaterole' end,
            case when r.rolcanlogin then 'login' else 'nologin' end
        ) as statement
    from pg_catalog.pg_roles as r
    where r.rolname !~ '^pg_' and r.rolname <> all (%(known)s::text[])
    union all
    select
        2,
        granted.rolname || ' ' || member.rolname,
        pg_catalog.format(
            'grant %%I to %%I with admin %%s, inherit %%s, set %%s', granted.rolname, member.rolname,
            pg_catalog.bool_or(m.admin_option)::text, pg_catalog.bool_or(m.inherit_option)::text, pg_catalog.bool_or(m.set_option)::text
        )
    from pg_catalog.pg_auth_members as m
    join pg_catalog.pg_roles as granted on granted.oid = m.roleid
    join pg_catalog.pg_roles as member on member.oid = m.member
    where member.rolname !~ '^pg_'
    group by granted.rolname, member.rolname
) as made
order by made.step, made.name;
