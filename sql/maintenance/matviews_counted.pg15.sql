-- What it does: lets the server count what this session has changed before a vacuum counts anew: what is counted after it
-- would stand as dead rows that are not there.
-- Minimum version: 15
select pg_catalog.pg_stat_force_next_flush()
