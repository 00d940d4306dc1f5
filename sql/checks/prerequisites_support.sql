-- What it answers: does nobody mend this major version any more?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: end_of_life, a JSON object of major to the day of its last release
-- Minimum version: 13
with server as (
    select pg_catalog.current_setting('server_version_num')::integer / 10000 as major
)
select
    'server' as object_type,
    pg_catalog.current_database()::text as object_name,
    'PostgreSQL ' || server.major || ', out of support since ' || support.until as observed,
    'a major version that gets security fixes' as expected,
    'the last release of this major version was due then' as detail,
    'upgrade to a later major version' as remediation
from server
join pg_catalog.jsonb_each_text(%(end_of_life)s::jsonb) as support (major, until) on support.major = server.major::text
where support.until::date < (pg_catalog.now() at time zone 'UTC')::date
order by 1
