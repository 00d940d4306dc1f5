-- So that the planner knows how few there are.
-- Minimum version: 13.
analyze demo.usage;
