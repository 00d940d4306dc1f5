-- Rebuilding and dropping one index.
-- Minimum version: 13

-- name: concurrently
-- What it does: builds the index anew beside the old one, while everybody goes on reading and writing its table.
reindex index concurrently {index};

-- name: plain
-- What it does: builds the index anew in its place. Writers of its table wait, and so do readers who would use the index.
reindex index {index};

-- name: drop
-- What it does: drops an index while everybody goes on reading and writing its table.
drop index concurrently {index};

-- name: exists
-- What it answers: is the index still there?
-- Columns: oid
-- Parameters: oid
select c.oid::bigint as oid
from pg_catalog.pg_class as c
where c.oid = %(oid)s::bigint::oid
order by c.oid;
