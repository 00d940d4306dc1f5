-- What it does: gives a table of the suite to the role that maintains it.
-- Minimum version: 13.
alter table {relation} owner to {role}
