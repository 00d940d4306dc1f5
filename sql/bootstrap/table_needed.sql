-- What it answers: is the table absent?
-- Columns: needed.
-- Minimum version: 13.
select pg_catalog.to_regclass(%(relation)s) is null as needed
