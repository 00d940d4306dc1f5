-- By what is each tenant table told apart, and which condition would let through the current tenant's rows and no others?
-- Other statements take it as their part {filters}.
-- Columns: oid; ident; kind; owner; rls; root; level; type of the tenant column; strict, no value of it is ; nullable; filter, the condition (NULL without a setting)
-- Parameters: column; setting; those of isolation/tenant_tables; {tables} is isolation/tenant_tables, {loose} is isolation/nullable_tenant_columns
-- Minimum version: 13
select
    t.oid,
    t.ident,
    t.kind,
    t.owner,
    t.rls,
    t.root,
    t.level,
    pg_catalog.format_type(a.atttypid, a.atttypmod) as type,
    -- Neither are extensions' types, some of which take it.
    y.typcategory not in ('S', 'U', 'V') or y.typbasetype = 'pg_catalog.uuid'::pg_catalog.regtype as strict,
    -- No join, which the planner would make a loop over thousands of partitions.
    t.oid in (select loose.oid from ({loose}) as loose) as nullable,
    case
        when %(setting)s = '' then null
        -- A setting that was reset is '': a text like another, and what else is made of it fails.
        when y.typcategory = 'S' then pg_catalog.format('%%I = nullif(current_setting(%%L, true), '''')', a.attname, %(setting)s::text)
        else pg_catalog.format(
            '%%I = nullif(current_setting(%%L, true), '''')::%%s',
            a.attname, %(setting)s::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
        )
    end as filter
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
join pg_catalog.pg_type as y on y.oid = a.atttypid
order by t.oid
