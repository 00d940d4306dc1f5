-- What it answers: which statements supply the rights on schemas that are missing? The maintenance role works in every
-- schema with included tables; where partitions are created, it and the tables' owner must be able to create. What the
-- tables' owners have there, the maintenance role has through them.
-- Columns: statement.
-- Parameters: those of inventory/included; maintenance.
-- Minimum version: 13.
with ours as (
    {ours}
),
included as (
    select distinct c.relowner, c.relnamespace, c.relkind
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
),
needs (role, schema, privilege) as (
    select %(maintenance)s, 'public', p.privilege
    from (values ('usage'), ('create')) as p (privilege)
    union
    select %(maintenance)s, n.nspname::text, 'usage'
    from included
    join pg_catalog.pg_namespace as n on n.oid = included.relnamespace
    union
    select creator.role, n.nspname::text, 'create'
    from included
    join pg_catalog.pg_namespace as n on n.oid = included.relnamespace
    cross join lateral (values (%(maintenance)s), (pg_catalog.pg_get_userbyid(included.relowner)::text)) as creator (role)
    where included.relkind = 'p'
)
select pg_catalog.format('grant %%s on schema %%I to %%I', needs.privilege, needs.schema, needs.role) as statement
from needs
join pg_catalog.pg_namespace as n on n.nspname = needs.schema
left join pg_catalog.pg_roles as r on r.rolname = needs.role
where not coalesce(
    pg_catalog.has_schema_privilege(r.oid, n.oid, needs.privilege),
    pg_catalog.has_schema_privilege('public', n.oid, needs.privilege)
)
    and not exists (
        select
        from included
        join pg_catalog.pg_roles as owner on owner.oid = included.relowner and not owner.rolsuper
        where needs.role = %(maintenance)s
            and pg_catalog.has_schema_privilege(owner.oid, n.oid, needs.privilege)
    )
order by needs.schema collate "C", needs.role collate "C", needs.privilege collate "C" desc
