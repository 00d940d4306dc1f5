-- Copies what a query sees.
-- Minimum version: 13
copy ({statement}) to stdout
