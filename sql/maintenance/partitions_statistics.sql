-- What it does: sets a column's statistics target as the family's present partition has it.
-- Minimum version: 13
alter table {partition} alter column {column} set statistics {target}
