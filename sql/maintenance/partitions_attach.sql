-- What it does: makes the new table a partition; it is empty or was filled in the same transaction, so nothing is waited
-- for but the locks.
-- Minimum version: 13
alter table {parent} attach partition {partition} for values from ({lower}) to ({upper})
