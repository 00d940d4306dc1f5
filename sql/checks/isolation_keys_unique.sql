-- What it answers: which unique keys tell a tenant that another one has a value, by refusing it?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/ours; {keys} is isolation/unique_keys
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
        and (
            pg_catalog.has_any_column_privilege(r.oid, keys.relation, 'insert')
            or exists (
                select
                from pg_catalog.unnest(keys.attnums) as key (attnum)
                where case
                    -- Of an expression it is not known which columns it reads.
                    when key.attnum = 0 then pg_catalog.has_any_column_privilege(r.oid, keys.relation, 'update')
                    else pg_catalog.has_column_privilege(r.oid, keys.relation, key.attnum, 'update')
                end
            )
            or keys.root <> keys.relation and pg_catalog.has_any_column_privilege(r.oid, keys.root, 'insert, update')
        )
) as writers
where not keys.secret
    and writers.names is not null
order by object_name
