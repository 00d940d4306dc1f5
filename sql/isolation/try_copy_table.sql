-- Copies whose the rows of a table are.
-- Minimum version: 13
copy {relation} ({column}) to stdout
