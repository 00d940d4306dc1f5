-- ANALYZE of a table, of a partitioned table as a whole, and the number of rows that it samples.
-- From 18 on.
-- Minimum version: 18

-- name: partitioned_table
-- What it does: samples a partitioned table as a whole, without analyzing its partitions again.
analyze only {table};
