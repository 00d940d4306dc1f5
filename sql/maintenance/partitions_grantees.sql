-- What it answers: to whom have default privileges granted something on the new table?
-- Columns: grantee, '' for PUBLIC
-- Parameters: schema, name
-- Minimum version: 13
select distinct coalesce(pg_catalog.pg_get_userbyid(nullif(acl.grantee, 0)), '')::text as grantee
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral pg_catalog.aclexplode(c.relacl) as acl
where n.nspname = %(schema)s and c.relname = %(name)s and acl.grantee <> c.relowner
order by 1
