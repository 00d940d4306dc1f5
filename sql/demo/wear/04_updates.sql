-- Dead rows in the months that are written to: last month's and, from a late correction, those of one, three and six months ago.
-- Minimum version: 13.
update public.correction_logs
set actual_impact = pg_catalog.jsonb_build_object('score', record_number %% 20)
where record_number %% 5 = 0
    and (
        created_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' - interval '1 month'
        or (created_at >= now() - interval '4 months' and created_at < now() - interval '3 months')
    );
