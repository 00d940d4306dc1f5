-- What it answers: does every commit wait for synchronous standbys that are not there?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: {hidden_sessions} is activity/hidden_sessions
-- Minimum version: 13
with asked as (
    select
        s.setting,
        -- FIRST 2 (a, b), ANY 2 (a, b), 2 (a, b), or a list of which one suffices.
        coalesce((pg_catalog.regexp_match(s.setting, '^\s*(?:first\s+|any\s+)?(\d+)\s*\(', 'i'))[1]::integer, 1) as least
    from pg_catalog.pg_settings as s
    where s.name = 'synchronous_standby_names'
        and s.setting <> ''
),
present as (
    select pg_catalog.count(*) as standbys
    from pg_catalog.pg_stat_replication as r
    where r.sync_state in ('sync', 'quorum')
)
select
    'setting' as object_type,
    'synchronous_standby_names' as object_name,
    present.standbys || ' synchronous standbys are connected' as observed,
    'at least ' || asked.least as expected,
    'commits wait for them: ' || asked.setting as detail,
    'mend the standbys, or take them out of synchronous_standby_names and reload' as remediation
from asked
cross join present
where present.standbys < asked.least
    and (select s.reset_val from pg_catalog.pg_settings as s where s.name = 'synchronous_commit') not in ('off', 'local')
union all
(
    {hidden_sessions}
)
order by object_name
