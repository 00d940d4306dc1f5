-- The tables in which the mutations of the folder mutations/ are planted.
-- Minimum version: 13

-- name: tables
-- Which tables of tenants can be mutated so that it must be seen, by what each role of the application may do there? Those come first
-- whose rows depend on no other table's.
-- Columns: oid; schema; name; ident; owner; role; reads, inserts, updates, deletes; leaf, whether it has partitions; policies, with
-- whether each is restrictive
-- Parameters: roles text[]; those of isolation/tenant_tables, which is {tables}
with tables as (
    {tables}
)
select
    c.oid,
    n.nspname::text as schema,
    c.relname::text as name,
    tables.ident,
    owner.rolname::text as owner,
    role.rolname::text as role,
    pg_catalog.has_column_privilege(role.oid, c.oid, tables.attnum, 'select') as reads,
    pg_catalog.has_column_privilege(role.oid, c.oid, tables.attnum, 'insert') as inserts,
    pg_catalog.has_any_column_privilege(role.oid, c.oid, 'update') as updates,
    pg_catalog.has_table_privilege(role.oid, c.oid, 'delete') as deletes,
    tables.kind = 'p' as leaf,
    (
        select pg_catalog.jsonb_object_agg(p.polname, not p.polpermissive)
        from pg_catalog.pg_policy as p
        where p.polrelid = c.oid
    ) as policies
from tables
join pg_catalog.pg_class as c on c.oid = tables.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_roles as owner on owner.oid = c.relowner
join pg_catalog.pg_roles as role on role.rolname = any (%(roles)s::text[])
where tables.level = 0
    and tables.kind in ('r', 'p')
    and tables.rls
    and pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage')
order by
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_constraint as con
        where con.contype = 'f' and c.oid in (con.conrelid, con.confrelid)
    ),
    tables.ident collate "C",
    pg_catalog.array_position(%(roles)s::text[], role.rolname::text);

-- name: leaf
-- In which partition does a table's only row lie?
-- Columns: schema; name
select n.nspname::text as schema, c.relname::text as name
from {table} as r
join pg_catalog.pg_class as c on c.oid = r.tableoid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
limit 1;

-- name: drop_policy
-- What it does: takes a policy away from the copy's table, so that the mutation decides alone.
drop policy {policy} on {table};
