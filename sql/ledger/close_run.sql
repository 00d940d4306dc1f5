-- What it does: writes the end of a run into its row; an incomplete one stays open, for operators' alerts to find.
-- Parameters: id, complete, details, and error (null: there was none, and that of the opening goes).
-- Minimum version: 13.
update public.maintenance_log as l set
    completed_at = case when %(complete)s then pg_catalog.clock_timestamp() end,
    details = (coalesce(l.details, '{{}}') - 'error') || %(details)s::pg_catalog.jsonb
where l.id = %(id)s
