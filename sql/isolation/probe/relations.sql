-- What each role can reach of the rows of tenants: the tables, their leaves, and the views at every depth that read them.
-- Columns: oid; schema; name; ident; kind (relkind); level (0: no partition); root, the topmost parent or itself; base, the only table of
-- tenants that it reads, or itself (null: it reads several); guard, the same for partitions that are guarded alike (null: no partition);
-- tenant, the type category of its tenant column (null: it has none); role; reads, reads_tenant, inserts, updates, moves (updates of the tenant
-- column), deletes, truncates: what the role may do there; columns of a view that it may read; depth, how many views lie between it and a table;
-- feeds: a view reads it
-- Parameters: roles text[], column, exclude; {tables} is isolation/tenant_tables
-- Minimum version: 13
with recursive tables as (
    {tables}
),
reading as (
    select tables.oid, 0 as depth, tables.oid as base
    from tables
    union
    select c.oid, reading.depth + 1, reading.base
    from reading
    join pg_catalog.pg_depend as d
        on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid = reading.oid
        and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    join pg_catalog.pg_rewrite as r on r.oid = d.objid
    join pg_catalog.pg_class as c on c.oid = r.ev_class and c.relkind in ('v', 'm') and c.oid <> reading.oid
    where reading.depth < 32
),
reached as (
    select
        reading.oid,
        pg_catalog.max(reading.depth) as depth,
        case when pg_catalog.count(distinct reading.base) = 1 then pg_catalog.min(reading.base) end as base
    from reading
    group by reading.oid
)
select
    c.oid,
    n.nspname::text as schema,
    c.relname::text as name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    c.relkind::text as kind,
    coalesce(tables.level, 0) as level,
    coalesce(tables.root, c.oid) as root,
    reached.base,
    case
        when tables.level > 0 then pg_catalog.hashtextextended(
            pg_catalog.concat_ws(
                ' ',
                c.relkind,
                c.relrowsecurity,
                c.relforcerowsecurity,
                c.relowner,
                c.relacl,
                (
                    select pg_catalog.string_agg(
                        pg_catalog.concat_ws(
                            ' ',
                            p.polpermissive,
                            p.polcmd,
                            p.polroles,
                            pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                            'check',
                            pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
                        ),
                        ' ' order by p.polname
                    )
                    from pg_catalog.pg_policy as p
                    where p.polrelid = c.oid
                ),
                (
                    select pg_catalog.string_agg(pg_catalog.concat_ws(' ', granted.attname, granted.attacl), ' ' order by granted.attnum)
                    from pg_catalog.pg_attribute as granted
                    where granted.attrelid = c.oid and granted.attacl is not null
                )
            ),
            0
        )::text
    end as guard,
    t.typcategory::text as tenant,
    role.rolname::text as role,
    pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage') and pg_catalog.has_any_column_privilege(role.oid, c.oid, 'select') as reads,
    coalesce(pg_catalog.has_column_privilege(role.oid, c.oid, a.attnum, 'select'), false) as reads_tenant,
    pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage') and pg_catalog.has_any_column_privilege(role.oid, c.oid, 'insert')
        and (c.relkind <> 'v' or pg_catalog.pg_relation_is_updatable(c.oid, true) & 8 = 8) as inserts,
    pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage') and pg_catalog.has_any_column_privilege(role.oid, c.oid, 'update')
        and (c.relkind <> 'v' or pg_catalog.pg_relation_is_updatable(c.oid, true) & 4 = 4) as updates,
    coalesce(pg_catalog.has_column_privilege(role.oid, c.oid, a.attnum, 'update'), false) as moves,
    pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage') and pg_catalog.has_table_privilege(role.oid, c.oid, 'delete')
        and (c.relkind <> 'v' or pg_catalog.pg_relation_is_updatable(c.oid, true) & 16 = 16) as deletes,
    pg_catalog.has_schema_privilege(role.oid, n.oid, 'usage') and pg_catalog.has_table_privilege(role.oid, c.oid, 'truncate') as truncates,
    array(
        select shown.attname::text
        from pg_catalog.pg_attribute as shown
        where c.relkind in ('v', 'm')
            and shown.attrelid = c.oid
            and shown.attnum > 0
            and pg_catalog.has_column_privilege(role.oid, c.oid, shown.attnum, 'select')
        order by shown.attnum
    ) as columns,
    reached.depth,
    exists (
        select
        from pg_catalog.pg_depend as d
        where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.refobjid = c.oid
            and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    ) as feeds
from reached
join pg_catalog.pg_class as c on c.oid = reached.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join pg_catalog.pg_roles as role
left join tables on tables.oid = c.oid
left join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
left join pg_catalog.pg_type as t on t.oid = a.atttypid
where role.rolname = any (%(roles)s::text[])
    and not n.nspname || '.' || c.relname like any (%(exclude)s::text[])
order by reached.depth, n.nspname collate "C", c.relname collate "C", role.rolname collate "C"
