-- Who is a member of which role, and what that gives: from 16 on each membership says it by its options, and who has ADMIN can grant
-- itself the rest, save for superusers.
-- Columns: member, role (oids); inherits, has the role's rights; sets, may SET ROLE to it; grants, can grant it to itself
-- Minimum version: 16
select
    m.member::bigint,
    m.roleid::bigint as role,
    pg_catalog.bool_or(m.inherit_option) as inherits,
    pg_catalog.bool_or(m.set_option) as sets,
    pg_catalog.bool_or(m.admin_option and not r.rolsuper) as grants
from pg_catalog.pg_auth_members as m
join pg_catalog.pg_roles as r on r.oid = m.roleid
group by m.member, m.roleid
order by m.member, m.roleid
