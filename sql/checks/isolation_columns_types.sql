-- What it answers: in which tables has the tenant column another type than in most? Lengths aside; partitions have their root's.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: column; those of inventory/ours; {tables} is isolation/tables
-- Minimum version: 13
with columns as (
    select t.ident, a.atttypid as type, pg_catalog.format_type(a.atttypid, null) as name
    from ({tables}) as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
    where t.level = 0
),
usual as (
    select columns.type, columns.name, pg_catalog.count(*) as tables
    from columns
    group by columns.type, columns.name
    order by tables desc, columns.name
    limit 1
)
select
    'column' as object_type,
    columns.ident || '.' || pg_catalog.quote_ident(%(column)s::text) as object_name,
    columns.name as observed,
    usual.name || ', as in ' || usual.tables || ' other tables' as expected,
    'policies, joins and foreign keys over both compare them only through a cast, and values that differ in one type can be equal in '
        || 'the other' as detail,
    pg_catalog.format('alter table %%s alter column %%I type %%s using %%I::%%s', columns.ident, %(column)s::text, usual.name, %(column)s::text, usual.name)
        as remediation
from columns
cross join usual
where columns.type <> usual.type
order by object_name
