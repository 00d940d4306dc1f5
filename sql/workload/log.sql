-- Does the server log how long each statement took, as JSON, and may that be read?
-- Columns: written (a JSON log, 15 and later), complete (of every statement), english, denied (signatures of the functions that it
-- takes and that the role may not call)
-- Minimum version: 13
select
    pg_catalog.current_setting('logging_collector')::boolean
        and pg_catalog.current_setting('log_destination') ~ '\mjsonlog\M' as written,
    pg_catalog.current_setting('log_min_duration_statement') = '0' as complete,
    pg_catalog.current_setting('lc_messages') ~ '^(C|POSIX|en)' as english,
    array(
        select taken.signature
        from pg_catalog.unnest(
            array[
                'pg_catalog.pg_current_logfile(text)',
                'pg_catalog.pg_ls_logdir()',
                'pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)'
            ]
        ) as taken (signature)
        where not pg_catalog.has_function_privilege(taken.signature, 'execute')
        order by taken.signature
    ) as denied
