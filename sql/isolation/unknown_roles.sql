-- Which of the application's roles, as the profile names them, does the server not have?
-- Columns: name
-- Parameters: roles
-- Minimum version: 13
select named.name
from pg_catalog.unnest(%(roles)s::text[]) as named (name)
where not exists (select from pg_catalog.pg_roles as r where r.rolname = named.name)
order by named.name
