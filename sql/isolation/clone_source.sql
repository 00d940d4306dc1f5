-- What decides how a database may be copied: its size in bytes, the right to create one and to copy this one, who else is connected.
-- Columns: oid; name; encoding; size; creates; copies; others
-- Minimum version: 13
select
    d.oid,
    d.datname as name,
    pg_catalog.pg_encoding_to_char(d.encoding) as encoding,
    pg_catalog.pg_database_size(d.oid) as size,
    (r.rolsuper or r.rolcreatedb) and not pg_catalog.pg_is_in_recovery() as creates,
    pg_catalog.pg_has_role(d.datdba, 'USAGE') or d.datistemplate as copies,
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_stat_activity as a
        where a.datid = d.oid and a.pid <> pg_catalog.pg_backend_pid()
    ) as others
from pg_catalog.pg_database as d
cross join pg_catalog.pg_roles as r
where d.datname = pg_catalog.current_database() and r.rolname = session_user
