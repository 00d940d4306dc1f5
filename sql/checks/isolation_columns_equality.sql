-- What it answers: in which tables does the tenant column take two different names for one tenant? Partitions compare as their root.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: column; setting; those of inventory/included; {tables} is isolation/tenant_tables, {remade} is isolation/policies_to_recreate
-- Minimum version: 13
select
    'column' as object_type,
    t.ident || '.' || pg_catalog.quote_ident(%(column)s::text) as object_name,
    case
        when ty.typname = 'citext' then 'compared as citext does'
        else 'compared by the collation ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(coll.collname)
    end as observed,
    'a type and a collation that take only what is the same for equal' as expected,
    'a policy compares as its column does: tenants whose names differ only in case, accents or the like read and write each other''s '
        || 'rows' as detail,
    coalesce(policies.dropped, '')
        || pg_catalog.format('alter table %%s alter column %%I type text collate pg_catalog."C"', t.ident, %(column)s::text)
        || coalesce(policies.made, '') as remediation
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
join pg_catalog.pg_type as named on named.oid = a.atttypid
join pg_catalog.pg_type as ty on ty.oid = case when named.typtype = 'd' then named.typbasetype else named.oid end
left join pg_catalog.pg_collation as coll on coll.oid = a.attcollation
left join pg_catalog.pg_namespace as n on n.oid = coll.collnamespace
left join (
    select
        remade.root,
        pg_catalog.string_agg(remade.dropped, '' order by remade.dropped) as dropped,
        pg_catalog.string_agg(
            remade.head || coalesce(' using (' || remade."using" || ')', '') || coalesce(' with check (' || remade."check" || ')', ''),
            '' order by remade.dropped
        ) as made
    from ({remade}) as remade
    group by remade.root
) as policies on policies.root = t.oid
where t.level = 0
    and (ty.typname = 'citext' or not coll.collisdeterministic)
order by object_name
