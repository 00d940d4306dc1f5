-- What it does: forgets sizes that are older than the profile keeps them.
-- Parameters: keep, an interval.
-- Minimum version: 13.
delete from steward.relation_size as s
where s.taken_at < pg_catalog.now() - %(keep)s::interval
