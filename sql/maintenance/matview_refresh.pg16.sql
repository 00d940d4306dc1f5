-- The refresh of one materialized view, and what belongs to it. From 16 on.
-- Minimum version: 16

-- name: vacuum
-- What it does: reclaims what a concurrent refresh has left dead, and takes the statistics; the database's own ages cost a
-- scan of pg_class, which is not worth it here.
vacuum (analyze, truncate false, skip_database_stats) {view};
