-- What it does: one batch along the heap that takes every due row of a range of row addresses in a single step; how many it was, the
-- server says by itself. Rows that others have locked are waited for, which lock_timeout must keep short. For deletes, and for ranges
-- that cannot hold more rows than a batch may have. Returning the rows' clocks would cost a fifth more.
-- Minimum version: 14.
delete from only {leaf} as {row}
where {row}.ctid > %(after)s::pg_catalog.tid
    and {row}.ctid < %(before)s::pg_catalog.tid
    and {due}
    and not {held}
