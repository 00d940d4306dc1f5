-- What it answers: was the advisory lock had beside other sharers?
-- Columns: had.
-- Minimum version: 13.
select pg_catalog.pg_try_advisory_lock_shared(%(key)s::pg_catalog.int8) as had
