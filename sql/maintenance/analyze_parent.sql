-- What it does: samples a partitioned table as a whole. Before 18 the server then analyzes every partition as well; one
-- that somebody vacuums at that moment is passed over, and its own turn comes.
-- Minimum version: 13
analyze (skip_locked) {table}
