-- What it does: one batch along an index on the clock: the oldest due rows from an instant on, up to a number of them. Rows that
-- others have locked are passed over.
-- Columns: locked (rows chosen), done (rows gone), oldest and newest of the clock.
-- Minimum version: 13.
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
from locked
