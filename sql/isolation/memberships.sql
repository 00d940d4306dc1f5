-- Who is a member of which role, and what that gives: before 16 every member may SET ROLE, a role without NOINHERIT has its groups'
-- rights, and who may create roles can grant itself every one that is no superuser.
-- Columns: member, role (oids); inherits, has the role's rights; sets, may SET ROLE to it; grants, can grant it to itself
-- Minimum version: 13
select m.member::bigint, m.roleid::bigint as role, r.rolinherit as inherits, true as sets, false as grants
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as r on r.oid = m.member
union
select creator.oid::bigint, r.oid::bigint, false, false, true
from pg_catalog.pg_roles as creator
join pg_catalog.pg_roles as r on r.oid <> creator.oid and not r.rolsuper
where creator.rolcreaterole
    and not creator.rolsuper
order by member, role, sets desc
