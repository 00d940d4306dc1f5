-- What it does: records one operation that was done.
-- Parameters: maintenance_type, started_at, details.
-- Minimum version: 13.
insert into public.maintenance_log (maintenance_type, started_at, completed_at, details)
values (pg_catalog.left(%(maintenance_type)s, 50), %(started_at)s, pg_catalog.clock_timestamp(), %(details)s)
