-- What it answers: is any row of a leaf still due, and how large is the leaf? Reads only up to the first due row.
-- Parameters: relation, the leaf's oid.
-- Columns: found, pages.
-- Minimum version: 13.
select
    exists (select from only {leaf} as {row} where {due} and not {held}) as found,
    pg_catalog.pg_relation_size(%(relation)s::pg_catalog.oid::pg_catalog.regclass)
    / pg_catalog.current_setting('block_size')::pg_catalog.int8 as pages
