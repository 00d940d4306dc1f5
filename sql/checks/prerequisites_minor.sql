-- What it answers: does the server lack fixes without which maintenance can lose data?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: minimum_minor, a JSON object of major to the lowest minor
-- Minimum version: 13
with server as (
    select
        pg_catalog.current_setting('server_version_num')::integer / 10000 as major,
        pg_catalog.current_setting('server_version_num')::integer %% 10000 as minor
)
select
    'server' as object_type,
    pg_catalog.current_database()::text as object_name,
    'PostgreSQL ' || server.major || '.' || server.minor as observed,
    'PostgreSQL ' || server.major || '.' || least.minor || ' or later' as expected,
    'in lower minor versions the commands that the suite runs can lose data' as detail,
    'install the newest minor version and restart the server; no dump is needed' as remediation
from server
join pg_catalog.jsonb_each_text(%(minimum_minor)s::jsonb) as least (major, minor) on least.major = server.major::text
where server.minor < least.minor::integer
order by 1
