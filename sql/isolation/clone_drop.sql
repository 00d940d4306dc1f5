-- What it does: drops a copy, whoever is still connected to it.
-- Minimum version: 13
drop database if exists {database} with (force)
