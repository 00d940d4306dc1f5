-- What it does: samples a table anew for the planner. Nobody who reads or writes waits for it.
-- Minimum version: 13
analyze {table}
