-- What it answers: where does the server keep a tablespace's files, and which of its processes serves this session?
-- Columns: pid, data_directory (NULL where it may not be seen), tablespace (its name), location (empty: in the data
-- directory).
-- Parameters: tablespace, its oid, or 0 for the database's own.
-- Minimum version: 13.
select
    pg_catalog.pg_backend_pid() as pid,
    case
        when pg_catalog.pg_has_role('pg_read_all_settings', 'usage') then pg_catalog.current_setting('data_directory')
    end as data_directory,
    t.spcname::text as tablespace,
    pg_catalog.pg_tablespace_location(t.oid) as location
from pg_catalog.pg_database as d
join pg_catalog.pg_tablespace as t on t.oid = coalesce(nullif(%(tablespace)s::pg_catalog.oid, 0), d.dattablespace)
where d.datname = pg_catalog.current_database()
order by t.oid
