-- What it answers: up to which transaction must snapshots have gone before what this session has left dead can be removed?
-- Columns: horizon
-- Minimum version: 13
select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text as horizon
