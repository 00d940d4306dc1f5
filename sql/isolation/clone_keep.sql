-- What it does: holds the lock that says, as long as this session lives, that a copy of its database is in use.
-- Columns: held
-- Parameters: name, the copy's
-- Minimum version: 13
select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(%(name)s, 0)) as held
