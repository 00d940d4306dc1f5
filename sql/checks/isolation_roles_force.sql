-- What it answers: which tables' row-level security does not hold for somebody, who has the rights of their owner, because it is not forced?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_tables and isolation/reachable_roles; {tables}, {reached}
-- Minimum version: 13
select
    'table' as object_type,
    tables.ident as object_name,
    'row-level security is enabled, not forced' as observed,
    'forced' as expected,
    'it does not hold for the owner ' || pg_catalog.min(reached.ident) || ', whose rights belong to '
    || pg_catalog.string_agg(reached.chain, '; ' order by reached.start) as detail,
    'alter table ' || tables.ident || ' force row level security' as remediation
from ({tables}) as tables
join ({reached}) as reached on reached.role = tables.owner
where tables.rls
    and not tables.forced
    and tables.kind <> 'f'
group by tables.ident
order by tables.ident
