-- What it answers: does the archiving of WAL fail? Without it no point in time after the last base backup can be restored,
-- and the WAL stays on the server's disk.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Minimum version: 13
with settings as (
    select
        pg_catalog.max(s.setting) filter (where s.name = 'archive_mode') as mode,
        pg_catalog.max(s.setting) filter (where s.name = 'archive_command') as command,
        coalesce(pg_catalog.max(s.setting) filter (where s.name = 'archive_library'), '') as library
    from pg_catalog.pg_settings as s
    where s.name in ('archive_mode', 'archive_command', 'archive_library')
)
select
    'archiver' as object_type,
    'archive_mode ' || s.mode as object_name,
    case
        when s.command = '' and s.library = '' then 'no archive_command'
        else 'failed last at ' || (pg_catalog.date_trunc('second', a.last_failed_time) at time zone 'UTC')::text || ' UTC with ' || a.last_failed_wal
    end as observed,
    'every segment of WAL is archived' as expected,
    coalesce('last archived ' || (pg_catalog.date_trunc('second', a.last_archived_time) at time zone 'UTC')::text || ' UTC', 'never archived')
        || ', ' || a.failed_count || ' failures so far' as detail,
    'look into the server''s log for what the archive command says' as remediation
from settings as s
cross join pg_catalog.pg_stat_archiver as a
where s.mode <> 'off'
    and (
        (s.command = '' and s.library = '')
        or a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
    )
order by 1
