-- What it does: drops an index while everybody goes on reading and writing its table.
-- Minimum version: 13
drop index concurrently {index}
