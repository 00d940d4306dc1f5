-- What it does: one batch along the heap that takes every due row of a range of row addresses in a single step. Rows that others have
-- locked are waited for, which lock_timeout must keep short. For deletes, and for ranges that cannot hold more rows than a batch may have.
-- Columns: locked and done (rows gone), oldest and newest of the clock.
-- Minimum version: 14.
with changed as (
    delete from only {leaf} as {row}
    where {row}.ctid > %(after)s::pg_catalog.tid
        and {row}.ctid < %(before)s::pg_catalog.tid
        and {due}
        and not {held}
    returning {clock} as clock
)
select
    pg_catalog.count(*) as locked,
    pg_catalog.count(*) as done,
    pg_catalog.min(changed.clock)::pg_catalog.text as oldest,
    pg_catalog.max(changed.clock)::pg_catalog.text as newest
from changed
