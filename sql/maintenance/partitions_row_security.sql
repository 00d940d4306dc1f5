-- What it does: switches row security on, or makes the owner obey it too, as for the parent; partitions inherit neither.
-- Minimum version: 13
alter table {partition} {switch} row level security
