-- What it does: one batch along the heap: the due rows of a range of row addresses, up to a number of them. Rows that others
-- have locked are passed over. The server may find them by an index in any order: the sort makes the last address the end of
-- what was looked at. Before 14 there is no scan of a range, and each batch reads the table from its start.
-- Columns: locked (rows chosen), done (rows gone), last (address of the last chosen), oldest and newest of the clock.
-- Minimum version: 13.
with locked as materialized (
    select {row}.ctid as tid, {clock} as clock
    from only {leaf} as {row}
    where {row}.ctid > %(after)s::pg_catalog.tid
        and {row}.ctid < %(before)s::pg_catalog.tid
        and {due}
        and not {held}
    order by {row}.ctid
    limit %(rows)s
    for update of {row} skip locked
),
changed as (
    {change}
)
select
    pg_catalog.count(*) as locked,
    (select pg_catalog.count(*) from changed) as done,
    pg_catalog.max(locked.tid)::pg_catalog.text as last,
    pg_catalog.min(locked.clock)::pg_catalog.text as oldest,
    pg_catalog.max(locked.clock)::pg_catalog.text as newest
from locked
