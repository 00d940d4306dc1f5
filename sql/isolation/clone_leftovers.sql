-- Which copies of this database has nobody dropped whose session is gone? Each is then locked for this one.
-- Columns: name
-- Parameters: prefix, of the names of this database's copies
-- Minimum version: 13
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
order by name
