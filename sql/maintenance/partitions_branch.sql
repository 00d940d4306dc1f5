-- What it does: makes a partition of a table that is itself to become one, as the present partition has its counterpart.
-- Minimum version: 13
create {persistence}table {partition} partition of {parent} {bound} {key} {tablespace}
