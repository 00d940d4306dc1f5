-- What it does: makes a table like the parent, indexes included; an identity column belongs to the parent alone.
-- Minimum version: 13
create {persistence}table {partition} (like {parent} including all excluding identity) {key} {tablespace}
