-- What it does: sets how long this session's statements wait for a lock.
-- Minimum version: 13.
select pg_catalog.set_config('lock_timeout', %(value)s, false)
