-- Copies of a database: creating, locking, finding and dropping them.
-- Minimum version: 13

-- name: source
-- What decides how a database may be copied: its size in bytes, the right to create one and to copy this one, who else is connected.
-- Columns: oid; name; encoding; size; creates; copies; others
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
where d.datname = pg_catalog.current_database() and r.rolname = session_user;

-- name: create_from_source
-- What it does: copies a database to which nobody else is connected.
create database {database} template {origin};

-- name: create_empty
-- What it does: creates a database that takes any encoding, whatever the server's own locale is.
create database {database} template template0 encoding {encoding} lc_collate 'C' lc_ctype 'C';

-- name: revoke_connect
-- What it does: keeps everybody but the owner from connecting to a copy.
revoke all on database {database} from public;

-- name: lock
-- What it does: holds the lock that says, as long as this session lives, that a copy of its database is in use.
-- Columns: held
-- Parameters: name, the copy's
select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(%(name)s, 0)) as held;

-- name: leftovers
-- Which copies of this database has nobody dropped whose session is gone? Each is then locked for this one.
-- Columns: name
-- Parameters: prefix, of the names of this database's copies
with copies as materialized (
    select d.datname as name
    from pg_catalog.pg_database as d
    where pg_catalog.starts_with(d.datname, %(prefix)s::text)
        and pg_catalog.substr(d.datname, pg_catalog.length(%(prefix)s::text) + 1) ~ '^[0-9a-f]{{12}}$'
        and pg_catalog.pg_has_role(d.datdba, 'USAGE')
),
tried as materialized (
    select name, pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(name, 0)) as free
    from copies
)
select name
from tried
where free
order by name;

-- name: drop
-- What it does: drops a copy, whoever is still connected to it.
drop database if exists {database} with (force);
