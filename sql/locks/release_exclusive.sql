-- What it answers: did this session hold the advisory lock that it now gives back?
-- Columns: held.
-- Minimum version: 13.
select pg_catalog.pg_advisory_unlock(%(key)s::pg_catalog.int8) as held
