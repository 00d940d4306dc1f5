-- What it answers: on which tenant tables is row-level security off, although others than their owner have rights on them?
-- Partitions and children are no question here: their parents' policies hold where they are read through these.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_filters and isolation/application_roles; {filters}, {actors}
-- Minimum version: 13
with filters as (
    {filters}
),
actors as (
    {actors}
),
open as (
    select filters.*, c.relacl
    from filters
    join pg_catalog.pg_class as c on c.oid = filters.oid
    where filters.kind in ('r', 'p')
        and not filters.rls
        and not exists (select from pg_catalog.pg_inherits as i where i.inhrelid = filters.oid)
),
rights as (
    select open.oid, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC') as name
    from open
    cross join lateral (
        select each.grantee, each.privilege_type
        from pg_catalog.aclexplode(open.relacl) as each
        union all
        select each.grantee, each.privilege_type
        from pg_catalog.pg_attribute as a
        cross join lateral pg_catalog.aclexplode(a.attacl) as each
        where a.attrelid = open.oid and not a.attisdropped
    ) as granted
    left join pg_catalog.pg_roles as r on r.oid = granted.grantee
    where granted.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
        and granted.grantee <> open.owner
        and not coalesce(r.rolsuper or r.rolbypassrls, false)
    union
    select open.oid, pg_catalog.quote_ident(actors.name)
    from open
    cross join actors
    where pg_catalog.has_table_privilege(actors.oid, open.oid, 'select, insert, update, delete')
        or pg_catalog.has_any_column_privilege(actors.oid, open.oid, 'select, insert, update')
)
select
    'table' as object_type,
    open.ident as object_name,
    'row-level security is off' as observed,
    'row-level security is enabled and forced' as expected,
    'rows of every tenant are open to ' || pg_catalog.string_agg(rights.name, ', ' order by rights.name collate "C") as detail,
    pg_catalog.format(
        'alter table %%1$s enable row level security; alter table %%1$s force row level security%%2$s',
        open.ident,
        case
            when exists (select from pg_catalog.pg_policy as p where p.polrelid = open.oid) then ''
            when open.filter is null then '; -- then create policies: the profile names no setting (tenancy.setting), and without them every row is denied'
            else pg_catalog.format('; create policy tenant_isolation on %%s using (%%s)', open.ident, open.filter)
        end
    ) as remediation
from open
join rights on rights.oid = open.oid
group by open.oid, open.ident, open.filter
order by open.ident
