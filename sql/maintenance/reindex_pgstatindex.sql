-- What it answers: in which schema is pgstattuple's function that reads an index?
-- Columns: schema, one row at most
-- Minimum version: 13
select n.nspname::text as schema
from pg_catalog.pg_extension as e
join pg_catalog.pg_depend as d on d.refobjid = e.oid
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and d.deptype = 'e'
join pg_catalog.pg_proc as p on p.oid = d.objid and p.proname = 'pgstatindex' and p.pronargs = 1
    and p.proargtypes[0] = 'pg_catalog.regclass'::pg_catalog.regtype
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where e.extname = 'pgstattuple'
order by n.nspname collate "C"
