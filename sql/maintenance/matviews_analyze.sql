-- What it does: takes the statistics of what a refresh has put there.
-- Minimum version: 13
analyze {view}
