-- The rows of public.maintenance_log: one a run, and one completed row an operation.
-- Minimum version: 13

-- name: open
-- What it does: opens the row of a run; it says that no end is known until one is.
-- Columns: id.
-- Parameters: maintenance_type, started_at, details.
insert into public.maintenance_log (maintenance_type, started_at, details)
values (%(maintenance_type)s, %(started_at)s, %(details)s)
returning id;

-- name: close
-- What it does: writes the end of a run into its row; an incomplete one stays open, for operators' alerts to find.
-- Parameters: id, complete, details, and error (null: there was none, and that of the opening goes).
update public.maintenance_log as l set
    completed_at = case when %(complete)s then pg_catalog.clock_timestamp() end,
    details = (coalesce(l.details, '{{}}') - 'error') || %(details)s::pg_catalog.jsonb
where l.id = %(id)s;

-- name: mark_died
-- What it does: says of runs that ended without a word that they died; their rows stay open.
-- Columns: run_id.
-- Parameters: maintenance_type, id of the run that goes on.
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
returning l.details ->> 'run_id' as run_id;

-- name: supersede
-- What it does: completes older open rows of the same type after a good run, so that alerts clear; what they say stays.
-- Parameters: maintenance_type, id of the good run.
update public.maintenance_log as l set
    completed_at = pg_catalog.clock_timestamp(),
    details = coalesce(l.details, '{{}}') || pg_catalog.jsonb_build_object('superseded_by', %(id)s::bigint)
where l.maintenance_type = %(maintenance_type)s
    and l.completed_at is null
    and l.id < %(id)s;

-- name: operation
-- What it does: records one operation that was done.
-- Parameters: maintenance_type, started_at, details.
insert into public.maintenance_log (maintenance_type, started_at, completed_at, details)
values (pg_catalog.left(%(maintenance_type)s, 50), %(started_at)s, pg_catalog.clock_timestamp(), %(details)s);

-- name: latest
-- What it answers: which were the last runs, and how did they end?
-- Columns: id, maintenance_type, started_at, completed_at, details.
-- Parameters: types, limit.
select l.id, l.maintenance_type, l.started_at, l.completed_at, l.details
from public.maintenance_log as l
where l.maintenance_type = any (%(types)s::text[])
order by l.started_at desc, l.id desc
limit %(limit)s;
