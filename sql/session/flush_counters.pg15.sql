-- What it does: has the server take what this session has counted so far as soon as the statement ends.
-- Minimum version: 15
select pg_catalog.pg_stat_force_next_flush()
