-- What it does: takes a policy away from the copy's table, so that the mutation decides alone.
-- Minimum version: 13
drop policy {policy} on {table}
