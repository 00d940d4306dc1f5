-- What was refreshed, long enough ago to be stale.
-- Minimum version: 13.
insert into public.materialized_view_metadata (view_name, last_refreshed, records_processed, refresh_duration_seconds)
select matviewname, now() - interval '2 days', 0, 1
from pg_catalog.pg_matviews
where schemaname = 'public'
order by 1
on conflict (view_name) do nothing;
