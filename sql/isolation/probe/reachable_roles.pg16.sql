-- Which roles each role can become by SET ROLE, beside itself. From 16 on a membership may leave SET out.
-- Columns: role; reached; member, whose membership is the last of the way, mostly the role itself; takeable, whether the role that
-- logged in may take it, too
-- Parameters: roles text[]
-- Minimum version: 16
select
    role.rolname::text as role,
    other.rolname::text as reached,
    (
        select member.rolname::text
        from pg_catalog.pg_auth_members as m
        join pg_catalog.pg_roles as member on member.oid = m.member and pg_catalog.pg_has_role(role.oid, member.oid, 'set')
        where m.roleid = other.oid and m.set_option
        order by member.oid <> role.oid, member.rolname collate "C"
        limit 1
    ) as member,
    pg_catalog.pg_has_role(session_user, other.oid, 'set') as takeable
from pg_catalog.pg_roles as role
join pg_catalog.pg_roles as other on other.oid <> role.oid and pg_catalog.pg_has_role(role.oid, other.oid, 'set')
where role.rolname = any (%(roles)s::text[]) and not role.rolsuper
order by role.rolname collate "C", other.rolname collate "C"
