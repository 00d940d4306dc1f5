-- What it does: forgets what is older than the profile keeps it.
-- Parameters: keep, an interval; {history} is a table of the suite's own schema
-- Minimum version: 13
delete from {history} as h
where h.taken_at < pg_catalog.now() - %(keep)s::interval
