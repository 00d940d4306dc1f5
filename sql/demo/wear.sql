-- What months of work leave in the demo: bloat, dead rows, unused indexes. Runs from top to
-- bottom.
-- Minimum version: 13

-- name: unused_index
-- Somebody's idea of an index; nothing ever scans it.
create index suggestions_legacy_source on public.suggestions (source, model_version, priority_score, id);

-- name: discard
-- An import that was taken back: it leaves holes in the table and in every index on it.
delete from public.suggestions where source = 'discarded import';

-- name: vacuum
-- Afterwards the dead rows are gone and the holes remain: bloat.
vacuum public.suggestions;

-- name: updates
-- Dead rows in the months that are written to: last month's and, from a late correction, those of one, three and six months ago.
update public.correction_logs
set actual_impact = pg_catalog.jsonb_build_object('score', record_number %% 20)
where record_number %% 5 = 0
    and (
        created_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '1 month'
        or (created_at >= now() - interval '4 months' and created_at < now() - interval '3 months')
    );

-- name: deletes
-- And dead rows from deletes, a year back.
delete from public.correction_logs
where status = 'reverted' and created_at >= now() - interval '13 months' and created_at < now() - interval '12 months';

-- name: reviews
-- Dead suggestions: a fifth of the latest were looked at.
update public.suggestions
set status = 'reviewed', reviewed_at = now(), updated_at = now()
where status = 'generated' and record_number %% 5 = 0 and created_at >= now() - interval '60 days';

-- name: scans
-- The bloated index is in use: each tenant's best suggestions were looked for many times.
-- columns: scans
select count(*) as scans
from pg_catalog.generate_series(1, 1500) as number
cross join lateral (
    select confidence_score from public.suggestions
    where tenant_id = 't_casa_verde' and model_name = 'br-titles' and confidence_score > number / 1500.0
    order by confidence_score limit 1
) as best;
