-- Statistics of one table, as autovacuum would have left them.
-- Minimum version: 13.
analyze {relation}
