-- What it answers: which included tables and materialized views cannot be maintained, since the maintenance role has
-- not their owner's rights? One row a tree of partitions and owner.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: those of inventory/included; {ours} is inventory/included.
-- Minimum version: 13.
with ours as (
    {ours}
)
select
    case root.relkind when 'm' then 'materialized view' else 'table' end as object_type,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(root.relname) as object_name,
    'owned by ' || owner.rolname || case when owner.rolsuper then ', a superuser' else '' end as observed,
    'owned by a role whose rights ' || current_user || ' has' as expected,
    pg_catalog.count(*) || ' relations, which the server would not let the suite vacuum, analyze, reindex or attach' as detail,
    case
        when owner.rolsuper then 'give them to a role without superuser, as the application''s migrations allow; a superuser is never granted'
        else pg_catalog.format('grant %%I to %%I', owner.rolname, current_user)
    end as remediation
from ours
join pg_catalog.pg_class as c on c.oid = ours.oid
join pg_catalog.pg_roles as owner on owner.oid = c.relowner
join pg_catalog.pg_class as root on root.oid = ours.root
join pg_catalog.pg_namespace as n on n.oid = root.relnamespace
where not pg_catalog.pg_has_role(owner.oid, 'usage')
group by root.relkind, n.nspname, root.relname, owner.rolname, owner.rolsuper
order by object_name, observed
