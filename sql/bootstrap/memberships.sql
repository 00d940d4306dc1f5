-- What it answers: which statements supply the memberships that are missing? The login role takes the maintenance role
-- and, for probe and canary, the application's; the maintenance role has the rights of every role that owns an included
-- table. A superuser is never handed out, and no circle is closed.
-- Columns: statement.
-- Parameters: those of inventory/included; login, maintenance, application, owner ('' for none).
-- Minimum version: 13.
with ours as (
    {ours}
),
pairs (member, role, inherited) as (
    select %(login)s, %(maintenance)s, false
    union
    select %(login)s, %(application)s, false
    union
    select %(maintenance)s, fixed.role, true
    from (values ('pg_monitor'), ('pg_stat_scan_tables'), (%(owner)s)) as fixed (role)
    union
    select %(maintenance)s, pg_catalog.pg_get_userbyid(c.relowner)::text, true
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
),
rights as (
    select
        pairs.*,
        -- From 16 on a membership may be had without the right to SET ROLE, and inheritance is the grant's own.
        pg_catalog.current_setting('server_version_num')::integer >= 160000 as has_options,
        coalesce(pg_catalog.pg_has_role(member.oid, granted.oid, 'member'), false) as is_member,
        coalesce(pg_catalog.pg_has_role(member.oid, granted.oid, 'usage'), false) as inherits,
        coalesce(
            pg_catalog.pg_has_role(
                member.oid,
                granted.oid,
                case when pg_catalog.current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end
            ),
            false
        ) as may_set
    from pairs
    left join pg_catalog.pg_roles as member on member.rolname = pairs.member
    left join pg_catalog.pg_roles as granted on granted.rolname = pairs.role
    where pairs.role not in ('', pairs.member, %(login)s)
        and (granted.oid is not null or pairs.role = %(maintenance)s)
        and not coalesce(granted.rolsuper, false)
        and not coalesce(pg_catalog.pg_has_role(granted.oid, member.oid, 'member'), false)
)
select
    case
        when not rights.has_options and rights.is_member then pg_catalog.format('alter role %%I inherit', rights.member)
        when rights.has_options then pg_catalog.format('grant %%I to %%I with inherit true, set true', rights.role, rights.member)
        else pg_catalog.format('grant %%I to %%I', rights.role, rights.member)
    end as statement
from rights
where not rights.may_set
    or (rights.inherited and not rights.inherits)
order by rights.member collate "C", rights.role collate "C"
