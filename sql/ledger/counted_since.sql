-- What it answers: since when do this database's counters count? A crash moves only the server's own reset time, a reset by
-- hand only the database's. A part {counted_since} of other statements.
-- Columns: counted_since
-- Minimum version: 13
select greatest(pg_catalog.pg_stat_get_bgwriter_stat_reset_time(), pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)) as counted_since
from pg_catalog.pg_database as d
where d.datname = pg_catalog.current_database()
