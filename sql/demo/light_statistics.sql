-- A third of the sample is plenty for the demo's statistics; the first real ANALYZE takes the columns' own targets.
-- Minimum version: 13.
set default_statistics_target = 30
