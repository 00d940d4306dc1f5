-- What it answers: is the suite's own schema absent?
-- Columns: needed.
-- Minimum version: 13.
select pg_catalog.to_regnamespace('steward') is null as needed
