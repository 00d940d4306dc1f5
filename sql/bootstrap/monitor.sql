-- What it does: lets those who monitor read what operators' alert queries ask for.
-- Minimum version: 13.
grant select on {relation} to pg_monitor
