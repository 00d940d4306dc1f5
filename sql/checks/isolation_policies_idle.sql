-- What it answers: which tables have policies that nothing enforces, because row-level security is off?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
select
    'table' as object_type,
    t.ident as object_name,
    'row-level security is off' as observed,
    'the table''s policies are enforced' as expected,
    'nobody is held to ' || pg_catalog.string_agg(pg_catalog.quote_ident(p.polname), ', ' order by p.polname) as detail,
    pg_catalog.format('alter table %%1$s enable row level security; alter table %%1$s force row level security', t.ident)
        as remediation
from ({tables}) as t
join pg_catalog.pg_policy as p on p.polrelid = t.oid
where not t.rls
group by t.ident
order by t.ident
