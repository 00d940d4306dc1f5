-- What it answers: was the advisory lock had for this session alone?
-- Columns: had.
-- Minimum version: 13.
select pg_catalog.pg_try_advisory_lock(%(key)s::pg_catalog.int8) as had
