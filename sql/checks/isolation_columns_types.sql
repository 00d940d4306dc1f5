-- What it answers: in which tables has the tenant column another type than in most? Lengths aside; partitions have their root's.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: column; setting; those of inventory/included; {tables} is isolation/tenant_tables, {remade} is isolation/policies_to_recreate
-- Minimum version: 13
with columns as (
    select t.oid, t.ident, a.atttypid as type, pg_catalog.format_type(a.atttypid, null) as name
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
),
remade as materialized (
    {remade}
)
select
    'column' as object_type,
    columns.ident || '.' || pg_catalog.quote_ident(%(column)s::text) as object_name,
    columns.name as observed,
    usual.name || ', as in ' || usual.tables || ' other tables' as expected,
    'policies, joins and foreign keys over both compare them only through a cast, and values that differ in one type can be equal in '
        || 'the other' as detail,
    coalesce(policies.dropped, '')
        || pg_catalog.format(
            'alter table %%s alter column %%I type %%s using %%I::%%s',
            columns.ident, %(column)s::text, usual.name, %(column)s::text, usual.name
        )
        || coalesce(policies.made, '') as remediation
from columns
cross join usual
cross join lateral (
    select pg_catalog.format('%%I = nullif(current_setting(%%L, true), %%L)::%%s', %(column)s::text, %(setting)s::text, '', usual.name) as filter
) as own
left join lateral (
    select
        pg_catalog.string_agg(remade.dropped, '' order by remade.dropped) as dropped,
        pg_catalog.string_agg(
            remade.head
                || coalesce(' using (' || case when remade.using_plain then own.filter else remade."using" end || ')', '')
                || coalesce(' with check (' || case when remade.check_plain then own.filter else remade."check" end || ')', ''),
            '' order by remade.dropped
        ) as made
    from remade
    where remade.root = columns.oid
) as policies on true
where columns.type <> usual.type
order by object_name
