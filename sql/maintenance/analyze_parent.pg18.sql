-- What it does: samples a partitioned table as a whole, without analyzing its partitions again.
-- Minimum version: 18
analyze only {table}
