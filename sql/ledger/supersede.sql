-- What it does: completes older open rows of the same type after a good run, so that alerts clear; what they say stays.
-- Parameters: maintenance_type, id of the good run.
-- Minimum version: 13.
update public.maintenance_log as l set
    completed_at = pg_catalog.clock_timestamp(),
    details = coalesce(l.details, '{{}}') || pg_catalog.jsonb_build_object('superseded_by', %(id)s::bigint)
where l.maintenance_type = %(maintenance_type)s
    and l.completed_at is null
    and l.id < %(id)s
