-- On which tenant tables is row-level security enabled without any policy, which denies every row to those whom it filters?
-- Columns: ident
-- Parameters: those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
select t.ident
from ({tables}) as t
where t.rls
    and not exists (select from pg_catalog.pg_policy as p where p.polrelid = t.oid)
order by t.ident
