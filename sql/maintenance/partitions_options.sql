-- What it does: sets storage options as the family's present partition has them.
-- Minimum version: 13
alter table {partition} set ({options})
