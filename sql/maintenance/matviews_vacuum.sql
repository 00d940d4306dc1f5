-- What it does: reclaims what a concurrent refresh has left dead, and takes the statistics.
-- Minimum version: 13
vacuum (analyze, truncate false) {view}
