-- The durations of statements in the server's JSON log.
-- Minimum version: 13

-- name: settings
-- Does the server log how long each statement took, as JSON, and may that be read?
-- Columns: written (a JSON log, 15 and later), complete (of every statement), english, denied (signatures of the functions that it
-- takes and that the role may not call)
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
    ) as denied;

-- name: file
-- Which is the server's current JSON log, and how large is it?
-- Columns: file, size (bytes)
select written.file, d.size
from pg_catalog.pg_current_logfile('jsonlog') as written (file)
join pg_catalog.pg_ls_logdir() as d on d.name = pg_catalog.regexp_replace(written.file, '^.*/', '')
order by written.file;

-- name: durations
-- How long did each of the application's statements in this database take, by the end of the server's JSON log? Nothing else of a line
-- is kept. Bytes beyond ASCII stay escaped, whatever the encodings of the databases that log there. The messages of parse and
-- bind are left out: they would make statements look quicker than they are.
-- Columns: ms
-- Parameters: file, size, bytes (of its end that are read), application (whose statements are left out)
select (pg_catalog.regexp_match(line.text, '"message":"duration: ([0-9]+[.][0-9]+) ms'))[1]::double precision as ms
from pg_catalog.unnest(
    pg_catalog.string_to_array(
        pg_catalog.encode(
            pg_catalog.pg_read_binary_file(
                %(file)s, greatest(%(size)s::bigint - %(bytes)s::bigint, 0), %(bytes)s::bigint, true
            ),
            'escape'
        ),
        pg_catalog.chr(10)
    )
) as line (text)
where line.text ~ '"message":"duration: [0-9]+[.][0-9]+ ms  (statement: |execute )'
    and pg_catalog.strpos(
        line.text,
        pg_catalog.encode(
            pg_catalog.convert_to('"dbname":' || pg_catalog.to_json(pg_catalog.current_database()::text)::text, 'utf8'), 'escape'
        )
    ) > 0
    and pg_catalog.strpos(line.text, '"application_name":' || pg_catalog.to_json(%(application)s::text)::text) = 0;

-- name: no_durations
-- Nothing, in the columns of workload/log/durations, where the server's log tells no durations.
-- Columns: those of workload/log/durations
select null::double precision as ms
where %(undecided)s::text is null;
