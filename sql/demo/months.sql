-- Months around the server's clock, in UTC: what the demo's partitions are for.
-- columns: name (of the leaf), lower, upper (bounds, text with the offset)
-- Minimum version: 13.
select
    'correction_logs_' || to_char(month, 'YYYY_MM') as name,
    to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00' as lower,
    to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00' as upper
from pg_catalog.generate_series(%(first)s::integer, %(last)s::integer) as offset_months
cross join lateral (
    select date_trunc('month', now() at time zone 'UTC') + offset_months * interval '1 month' as month
) as calendar
order by 1
