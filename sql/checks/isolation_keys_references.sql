-- What it answers: which foreign keys tell a tenant that another one has a row, by accepting it as a parent?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/included; {foreign} is isolation/foreign_keys
-- Minimum version: 13
with keys as (
    {foreign}
)
select
    'constraint' as object_type,
    keys.ident as object_name,
    'refers to any tenant''s row of ' || keys.parent_ident as observed,
    'refers within a tenant: ' || pg_catalog.quote_ident(%(column)s::text) || ' on both sides of the key' as expected,
    'the server looks for the parent past row-level security: ' || writers.names || ' may write ' || keys.child_ident
        || ' and refer to a row of another tenant, which is accepted where it exists and refused (SQLSTATE 23503) where it does not' as detail,
    keys.mending as remediation
from keys
cross join lateral (
    select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as names
    from pg_catalog.pg_roles as r
    where r.rolname = any (%(roles)s::text[])
        and (
            pg_catalog.has_any_column_privilege(r.oid, keys.child, 'insert')
            or exists (
                select
                from pg_catalog.unnest(keys.attnums) as key (attnum)
                where pg_catalog.has_column_privilege(r.oid, keys.child, key.attnum, 'update')
            )
            or keys.root <> keys.child and pg_catalog.has_any_column_privilege(r.oid, keys.root, 'insert, update')
        )
) as writers
where (keys.parent_tenant is not null or keys.parent_rls)
    and not keys.paired
    and writers.names is not null
order by object_name
