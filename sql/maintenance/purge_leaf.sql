-- What a retention rule reaches in one leaf.
-- Minimum version: 13

-- name: measure
-- What it answers: how many rows does a rule reach in one leaf, how many does a hold keep, how old are they, and how large is the leaf?
-- Parameters: relation, the leaf's oid.
-- Columns: due, held, oldest, newest, pages.
select
    pg_catalog.count(*) filter (where not {held}) as due,
    pg_catalog.count(*) filter (where {held}) as held,
    pg_catalog.min({clock})::pg_catalog.text as oldest,
    pg_catalog.max({clock})::pg_catalog.text as newest,
    pg_catalog.pg_relation_size(%(relation)s::pg_catalog.oid::pg_catalog.regclass)
    / pg_catalog.current_setting('block_size')::pg_catalog.int8 as pages
from only {leaf} as {row}
where {due};

-- name: recheck
-- What it answers: is any row of a leaf still due, and how large is the leaf? Reads only up to the first due row.
-- Parameters: relation, the leaf's oid.
-- Columns: found, pages.
select
    exists (select from only {leaf} as {row} where {due} and not {held}) as found,
    pg_catalog.pg_relation_size(%(relation)s::pg_catalog.oid::pg_catalog.regclass)
    / pg_catalog.current_setting('block_size')::pg_catalog.int8 as pages;

-- name: density
-- What it answers: how many rows does a page of a leaf have, as the server last counted; where it never has, the most that 8 kB can hold
-- (MaxHeapTuplesPerPage)?
-- Parameters: relation, the leaf's oid.
-- Columns: rows_a_page.
select
    case when leaf.reltuples > 0 and leaf.relpages > 0
        then pg_catalog.ceil(leaf.reltuples / leaf.relpages)::pg_catalog.int8
        else 291
    end as rows_a_page
from pg_catalog.pg_class as leaf
where leaf.oid = %(relation)s;
