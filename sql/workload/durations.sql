-- How long did each of the application's statements in this database take, by the end of the server's JSON log? Nothing else of a line
-- is kept. Bytes beyond ASCII stay escaped, whatever the encodings of the databases that log there. The messages of parse and
-- bind are left out: they would make statements look quicker than they are.
-- Columns: ms
-- Parameters: file, size, bytes (of its end that are read), application (whose statements are left out)
-- Minimum version: 13
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
    and pg_catalog.strpos(line.text, '"application_name":' || pg_catalog.to_json(%(application)s::text)::text) = 0
