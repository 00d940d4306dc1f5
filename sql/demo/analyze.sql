-- Statistics of one table, as autovacuum would have left them.
analyze {relation}
