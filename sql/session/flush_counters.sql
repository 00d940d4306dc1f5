-- What it does: waits until the server takes what this session has counted with the next statement's end: before 15 it takes it
-- no more often than each half second (PGSTAT_STAT_INTERVAL), and nothing but time makes it.
-- Minimum version: 13
select pg_catalog.pg_sleep(0.6)
