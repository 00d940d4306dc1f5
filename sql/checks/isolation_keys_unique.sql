-- What it answers: which unique keys tell a tenant that another one has a value, by refusing it?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/included; {keys} is isolation/unique_keys
-- Minimum version: 13
with keys as (
    {keys}
)
select
    'index' as object_type,
    keys.ident as object_name,
    'unique over ' || keys.columns || ' among all tenants' as observed,
    'unique within a tenant: ' || pg_catalog.quote_ident(%(column)s::text) || ' in the key' as expected,
    'whatever row-level security hides, ' || writers.names || ' may write ' || keys.table_ident
        || case keys.kind
            when 'x' then ' and learns by SQLSTATE 23P01 that another tenant has what is excluded'
            else ' and learns by SQLSTATE 23505, or by ON CONFLICT DO NOTHING without a row, that another tenant has the value'
        end as detail,
    keys.mending as remediation
from keys
cross join lateral (
    select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as names
    from pg_catalog.pg_roles as r
    where r.rolname = any (%(roles)s::text[])
        and exists (
            select
            from pg_catalog.unnest(array[keys.relation, keys.root]) as written (oid)
            cross join lateral (
                select
                    -- What the server makes by itself never meets another row, and NULL meets none.
                    pg_catalog.bool_and(
                        named.computed or pg_catalog.has_column_privilege(r.oid, written.oid, named.attname, 'insert') or named.repeated
                    ) as inserts,
                    pg_catalog.bool_or(
                        not named.computed and named.attidentity <> 'a'
                        and pg_catalog.has_column_privilege(r.oid, written.oid, named.attname, 'update')
                    ) as updates,
                    pg_catalog.bool_or(named.computed) as computed
                from pg_catalog.unnest(keys.attnums) as key (attnum)
                left join pg_catalog.pg_attribute as a on a.attrelid = keys.relation and a.attnum = key.attnum
                left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
                cross join lateral (
                    select
                        a.attname,
                        a.attidentity,
                        -- Of an expression it is not known which columns it reads.
                        key.attnum = 0 or a.attgenerated <> '' as computed,
                        coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) not like '%%nextval(%%', false) as repeated
                ) as named
            ) as said
            where pg_catalog.has_any_column_privilege(r.oid, written.oid, 'insert') and said.inserts
                or said.updates
                or said.computed and pg_catalog.has_any_column_privilege(r.oid, written.oid, 'update')
        )
) as writers
where not keys.secret
    and writers.names is not null
order by object_name
