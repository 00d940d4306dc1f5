-- What it answers: what would let the role analyze the table? Its owner's rights; a superuser's are never granted.
-- Columns: remedy
-- Parameters: oid, owner (the role that the profile says owns tables, or '')
-- Minimum version: 13
select
    case
        when owner.rolsuper
            then pg_catalog.format(
                'alter table %%I.%%I owner to %%s', n.nspname, c.relname,
                case %(owner)s when '' then 'a role that is no superuser' else pg_catalog.quote_ident(%(owner)s) end
            )
        else pg_catalog.format('grant %%I to %%I', owner.rolname, current_user)
    end as remedy
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as owner on owner.oid = c.relowner
where c.oid = %(oid)s::bigint::oid
order by 1
