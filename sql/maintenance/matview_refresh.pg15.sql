-- The refresh of one materialized view, and what belongs to it. From 15 on.
-- Minimum version: 15

-- name: flush_counters
-- What it does: lets the server count what this session has changed before a vacuum counts anew: what is counted after it
-- would stand as dead rows that are not there.
select pg_catalog.pg_stat_force_next_flush();
