-- What it does: sets what logical replication knows old rows by, as the family's present partition has it.
-- Minimum version: 13
alter table {partition} replica identity {identity}
