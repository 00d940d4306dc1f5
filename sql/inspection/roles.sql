-- Which roles have to do with the included relations: those that own them, those that may read or write them, those that
-- row-level security does not filter, and who is a member of these.
-- Columns: role, owns and writes and reads (numbers of relations, partitions left out), bypassrls, superuser, login, members (names
-- of roles that may log in), owners (whether it has the rights of all owners that are no superusers)
-- Parameters: those of inventory/included; {ours} is inventory/included
-- Minimum version: 13
with ours as (
    {ours}
),
included as (
    select c.oid, c.relowner, c.relacl
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
    where not c.relispartition
),
owned as (
    select included.relowner as oid, pg_catalog.count(*) as relations
    from included
    group by included.relowner
),
granted as (
    select
        acl.grantee as oid,
        pg_catalog.count(distinct included.oid) filter (where acl.privilege_type in ('INSERT', 'UPDATE', 'DELETE')) as writes,
        pg_catalog.count(distinct included.oid) filter (where acl.privilege_type = 'SELECT') as reads
    from included
    cross join lateral pg_catalog.aclexplode(included.relacl) as acl
    where acl.grantee <> included.relowner
    group by acl.grantee
)
select
    r.rolname::text as role,
    coalesce(owned.relations, 0) as owns,
    coalesce(granted.writes, 0) as writes,
    coalesce(granted.reads, 0) as reads,
    r.rolbypassrls as bypassrls,
    r.rolsuper as superuser,
    r.rolcanlogin as login,
    array(
        select m.rolname::text
        from pg_catalog.pg_auth_members as a
        join pg_catalog.pg_roles as m on m.oid = a.member and m.rolcanlogin and not m.rolsuper
        where a.roleid = r.oid
        order by 1
    ) as members,
    not exists (
        select
        from owned as other
        join pg_catalog.pg_roles as o on o.oid = other.oid and not o.rolsuper
        where not pg_catalog.pg_has_role(r.oid, o.oid, 'usage')
    ) as owners
from pg_catalog.pg_roles as r
left join owned on owned.oid = r.oid
left join granted on granted.oid = r.oid
where (owned.oid is not null or granted.oid is not null or r.rolbypassrls)
    and r.rolname !~ '^pg_'
order by r.rolname collate "C"
