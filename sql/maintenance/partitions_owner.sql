-- What it does: gives the new table to the parent's owner, so that migrations reach it.
-- Minimum version: 13
alter table {partition} owner to {owner}
