-- What it answers: which settings of the server leave the suite without the figures that it decides by?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Minimum version: 13.
select
    'setting' as object_type,
    needs.name as object_name,
    coalesce(s.setting, 'not to be seen') as observed,
    needs.expected,
    needs.detail,
    needs.remediation
from (
    values
    (
        'shared_preload_libraries', 'pg_stat_statements among them', 'pg_stat_statements counts nothing unless it is preloaded',
        'add pg_stat_statements to shared_preload_libraries and restart the server'
    ),
    (
        'track_counts', 'on', 'without it nothing knows how many dead rows a table has, autovacuum neither',
        'set track_counts = on'
    ),
    (
        'autovacuum', 'on', 'the suite works beside autovacuum and does not replace it',
        'set autovacuum = on'
    )
) as needs (name, expected, detail, remediation)
left join pg_catalog.pg_settings as s on s.name = needs.name
where case needs.name
    when 'shared_preload_libraries' then
        not 'pg_stat_statements' = any (pg_catalog.regexp_split_to_array(coalesce(s.setting, ''), '\s*,\s*'))
    else s.setting is distinct from needs.expected
end
order by needs.name collate "C"
