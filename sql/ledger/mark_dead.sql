-- What it does: says of runs that ended without a word that they died; their rows stay open.
-- Columns: run_id.
-- Parameters: maintenance_type, id of the run that goes on.
-- Minimum version: 13.
update public.maintenance_log as l set
    details = l.details || pg_catalog.jsonb_build_object(
        'status', 'died',
        'error', pg_catalog.format(
            'run %%s died: it was started on %%s as process %%s and never recorded an end',
            l.details ->> 'run_id',
            coalesce(l.details -> 'runner' ->> 'host', 'an unknown host'),
            coalesce(l.details -> 'runner' ->> 'pid', '?')
        )
    )
where l.maintenance_type = %(maintenance_type)s
    and l.completed_at is null
    and l.details ->> 'status' = 'running'
    and l.id <> %(id)s
returning l.details ->> 'run_id' as run_id
