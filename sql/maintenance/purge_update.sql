-- What it does: changes the rows that a batch has locked. Part of the batch's statement.
-- Minimum version: 13.
update only {leaf} as {row}
    set {assignments}
    where {row}.ctid = any (array(select locked.tid from locked))
    returning 1 as done
