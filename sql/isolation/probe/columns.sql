-- Of what a row is made in the tables that the probe writes.
-- Columns: oid, ident, schema, table_name of the table; name; type; category, of its base type; longest, in characters; required: not
-- null and without a default; fixed: the server makes its value; labels of an enum; inserters and updaters, the roles that may
-- Parameters: roles text[]; those of isolation/probe/required_tables, which is {needed}
-- Minimum version: 13
select
    c.oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    n.nspname::text as schema,
    c.relname::text as table_name,
    a.attname::text as name,
    pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0::pg_catalog.oid), t.oid), null) as type,
    t.typcategory::text as category,
    case when a.atttypmod > 4 and t.typcategory = 'S' then a.atttypmod - 4 end as longest,
    (a.attnotnull or t.typnotnull) and not a.atthasdef and a.attidentity = '' and t.typdefault is null as required,
    a.attgenerated <> '' or a.attidentity = 'a' as fixed,
    array(select e.enumlabel::text from pg_catalog.pg_enum as e where e.enumtypid = t.oid order by e.enumsortorder) as labels,
    array(
        select role.rolname::text
        from pg_catalog.pg_roles as role
        where role.rolname = any (%(roles)s::text[]) and pg_catalog.has_column_privilege(role.oid, c.oid, a.attnum, 'insert')
        order by role.rolname
    ) as inserters,
    array(
        select role.rolname::text
        from pg_catalog.pg_roles as role
        where role.rolname = any (%(roles)s::text[]) and pg_catalog.has_column_privilege(role.oid, c.oid, a.attnum, 'update')
        order by role.rolname
    ) as updaters
from ({needed}) as needed
join pg_catalog.pg_class as c on c.oid = needed.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type as t on t.oid = a.atttypid
order by c.oid, a.attnum
