-- One batch of a purge. A fragment says what happens to the rows that the batch has locked.
-- Minimum version: 13

-- name: keyset
-- What it does: one batch along an index on the clock: the oldest due rows from an instant on, up to a number of them. Rows that
-- others have locked are passed over.
-- Columns: locked (rows chosen), done (rows gone), oldest and newest of the clock.
with locked as materialized (
    select {row}.ctid as tid, {clock} as clock
    from only {leaf} as {row}
    where {clock} >= %(after)s
        and {due}
        and not {held}
    order by {clock}
    limit %(rows)s
    for update of {row} skip locked
),
changed as (
    {change}
)
select
    pg_catalog.count(*) as locked,
    (select pg_catalog.count(*) from changed) as done,
    pg_catalog.min(locked.clock)::pg_catalog.text as oldest,
    pg_catalog.max(locked.clock)::pg_catalog.text as newest
from locked;

-- name: range
-- What it does: one batch along the heap: the due rows of a range of row addresses, up to a number of them. Rows that others
-- have locked are passed over. The server may find them by an index in any order: the sort makes the last address the end of
-- what was looked at. Before 14 there is no scan of a range, and each batch reads the table from its start.
-- Columns: locked (rows chosen), done (rows gone), last (address of the last chosen), oldest and newest of the clock.
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
from locked;

-- name: sweep
-- What it does: one batch along the heap that takes every due row of a range of row addresses in a single step; how many it was, the
-- server says by itself. Rows that others have locked are waited for, which lock_timeout must keep short. For deletes, and for ranges
-- that cannot hold more rows than a batch may have. Returning the rows' clocks would cost a fifth more.
-- Minimum version: 14.
delete from only {leaf} as {row}
where {row}.ctid > %(after)s::pg_catalog.tid
    and {row}.ctid < %(before)s::pg_catalog.tid
    and {due}
    and not {held};

-- fragment: delete
-- What it does: deletes the rows that a batch has locked. Part of the batch's statement.
delete from only {leaf} as {row}
    where {row}.ctid = any (array(select locked.tid from locked))
    returning 1 as done

-- fragment: update
-- What it does: changes the rows that a batch has locked. Part of the batch's statement.
update only {leaf} as {row}
    set {assignments}
    where {row}.ctid = any (array(select locked.tid from locked))
    returning 1 as done

-- fragment: assignment
-- What it sets: one column. A clause of an update; the value takes the column's own type.
{column} = {value}
