-- What it does: gives a table that the suite has just created to the role that maintains it.
-- Minimum version: 13.
alter table {relation} owner to {role}
