-- What it answers: how many rows does a rule reach in one leaf, how many does a hold keep, how old are they, and how large is the leaf?
-- Parameters: relation, the leaf's oid.
-- Columns: due, held, oldest, newest, pages.
-- Minimum version: 13.
select
    pg_catalog.count(*) filter (where not {held}) as due,
    pg_catalog.count(*) filter (where {held}) as held,
    pg_catalog.min({clock})::pg_catalog.text as oldest,
    pg_catalog.max({clock})::pg_catalog.text as newest,
    pg_catalog.pg_relation_size(%(relation)s::pg_catalog.oid::pg_catalog.regclass)
    / pg_catalog.current_setting('block_size')::pg_catalog.int8 as pages
from only {leaf} as {row}
where {due}
