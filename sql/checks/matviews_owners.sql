-- What it answers: from which materialized views does row-level security hide rows, because a refresh reads as the owner?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; {ours}, {known}, {reached}
-- Minimum version: 13
with ours as (
    {ours}
),
known as (
    {known}
),
reached as (
    {reached}
)
select
    'materialized view' as object_type,
    known.ident as object_name,
    'read as ' || pg_catalog.string_agg(distinct reader.rolname, ', ' order by reader.rolname) || ', from whom rows are hidden' as observed,
    'every row of what it reads' as expected,
    'row-level security of ' || pg_catalog.string_agg(
        distinct pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(used.relname), ', '
        order by pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(used.relname)
    ) as detail,
    pg_catalog.string_agg(distinct 'alter role ' || pg_catalog.quote_ident(reader.rolname) || ' bypassrls', '; ')
        || '; or give the view to a role that has BYPASSRLS' as remediation
from ours
join known on known.oid = ours.oid
join reached on reached.view = known.oid
join pg_catalog.pg_class as used on used.oid = reached.oid and used.relkind in ('r', 'p') and used.relrowsecurity
join pg_catalog.pg_namespace as n on n.oid = used.relnamespace
join pg_catalog.pg_roles as reader on reader.oid = reached.reader and not (reader.rolsuper or reader.rolbypassrls)
where used.relforcerowsecurity or not pg_catalog.pg_has_role(reader.oid, used.relowner, 'usage')
group by known.ident
order by known.ident
