-- ANALYZE of a table, of a partitioned table as a whole, and the number of rows that it samples.
-- Minimum version: 13

-- name: table
-- What it does: samples a table anew for the planner. Nobody who reads or writes waits for it.
analyze {table};

-- name: partitioned_table
-- What it does: samples a partitioned table as a whole. Before 18 the server then analyzes every partition as well; one
-- that somebody vacuums at that moment is passed over, and its own turn comes.
analyze (skip_locked) {table};

-- name: set_target
-- What it does: gives all columns without a target of their own another one, for this session only.
set default_statistics_target = {target};
