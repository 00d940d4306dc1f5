-- What it answers: which tables grow faster than they should, or will soon reach their threshold?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Minimum version: 13
select
    'table' as object_type,
    g.table_name::text as object_name,
    g.alert_level || ': ' || pg_catalog.pg_size_pretty(g.current_size::bigint)
        || coalesce(', ' || g.growth_rate_mb_per_day || ' MB more a day', '') as observed,
    'alert level OK' as expected,
    coalesce(g.estimated_days_to_threshold || ' days to its threshold', 'no threshold in sight') as detail,
    'see what writes it; let retention reach it earlier, or raise [growth] of the profile' as remediation
from public.monitor_storage_growth() as g
where g.alert_level <> 'OK'
order by g.alert_level, g.table_name
