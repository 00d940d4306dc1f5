-- What it answers: where can the application's roles learn how many rows all tenants have together? A note, no finding: nothing hides it.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/included; {tables} is isolation/tenant_tables
-- Minimum version: 13
select
    'not judged' as object_type,
    'counts' as object_name,
    pg_catalog.count(*) || ' tables' as observed,
    'nothing but counts' as expected,
    'who may run any statement in ' || pg_catalog.count(*) || ' tables of tenants learns counts of all tenants'' rows, not the rows: EXPLAIN ANALYZE tells how '
        || 'many a policy removed, pg_class.reltuples and pg_stat_user_tables how many there are' as detail,
    'none in the database; the application must not run statements that its users write' as remediation
from ({tables}) as t
where t.level = 0
    and exists (
        select
        from pg_catalog.pg_roles as r
        where r.rolname = any (%(roles)s::text[]) and pg_catalog.has_any_column_privilege(r.oid, t.oid, 'select')
    )
having pg_catalog.count(*) > 0
order by object_name
