-- In which schemas the application may create objects.
-- Columns: name
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select n.nspname::text as name
from pg_catalog.pg_namespace as n
where exists (
        select
        from ({reached}) as reached
        where reached.acts
           
            and pg_catalog.has_schema_privilege(reached.role, n.oid, 'create')
    )
order by n.nspname
