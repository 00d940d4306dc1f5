-- A third of the sample is plenty for the demo's statistics; the first real ANALYZE takes the columns' own targets.
set default_statistics_target = 30
