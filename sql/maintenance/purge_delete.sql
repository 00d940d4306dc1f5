-- What it does: deletes the rows that a batch has locked. Part of the batch's statement.
-- Minimum version: 13.
delete from only {leaf} as {row}
    where {row}.ctid = any (array(select locked.tid from locked))
    returning 1 as done
