-- What it does: opens the row of a run; it says that no end is known until one is.
-- Columns: id.
-- Parameters: maintenance_type, started_at, details.
-- Minimum version: 13.
insert into public.maintenance_log (maintenance_type, started_at, details)
values (%(maintenance_type)s, %(started_at)s, %(details)s)
returning id
