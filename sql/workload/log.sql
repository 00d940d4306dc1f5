-- Does the server log how long each statement took, where, and may it be read?
-- Columns: file (NULL where there is no JSON log), size (NULL likewise), complete (every statement is logged), english, readable
-- Minimum version: 13
with written as (
    select
        case
            when pg_catalog.current_setting('server_version_num')::integer >= 150000 then pg_catalog.pg_current_logfile('jsonlog')
        end as file
)
select
    written.file,
    -- A server that has never collected messages has no directory of logs either.
    case
        when written.file is not null
            then (
                select d.size from pg_catalog.pg_ls_logdir() as d where d.name = pg_catalog.regexp_replace(written.file, '^.*/', '')
            )
    end as size,
    pg_catalog.current_setting('log_min_duration_statement') = '0' as complete,
    pg_catalog.current_setting('lc_messages') ~ '^(C|POSIX|en)' as english,
    pg_catalog.has_function_privilege('pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)', 'execute') as readable
from written
