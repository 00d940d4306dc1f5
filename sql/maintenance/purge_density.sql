-- What it answers: how many rows does a page of a leaf have, as the server last counted; where it never has, the most that 8 kB can hold
-- (MaxHeapTuplesPerPage)?
-- Parameters: relation, the leaf's oid.
-- Columns: rows_a_page.
-- Minimum version: 13.
select
    case when leaf.reltuples > 0 and leaf.relpages > 0
        then pg_catalog.ceil(leaf.reltuples / leaf.relpages)::pg_catalog.int8
        else 291
    end as rows_a_page
from pg_catalog.pg_class as leaf
where leaf.oid = %(relation)s
