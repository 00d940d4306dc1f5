-- What it answers: is the server one that the suite supports, and can it be written to?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: minimum, a major version.
-- Minimum version: 13.
select
    'server' as object_type,
    pg_catalog.current_database()::text as object_name,
    'PostgreSQL ' || pg_catalog.current_setting('server_version') as observed,
    'PostgreSQL ' || %(minimum)s::text || ' or later' as expected,
    'the suite relies on what earlier versions do not have' as detail,
    'upgrade the server' as remediation
where pg_catalog.current_setting('server_version_num')::integer < %(minimum)s * 10000
union all
select
    'server',
    pg_catalog.current_database()::text,
    'a standby in recovery',
    'a primary',
    'nothing can be maintained on a standby: it replays what the primary does',
    'point the target at the primary'
where pg_catalog.pg_is_in_recovery()
order by observed
