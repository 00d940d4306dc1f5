-- What it does: copies a database to which nobody else is connected.
-- Minimum version: 13
create database {database} template {origin}
