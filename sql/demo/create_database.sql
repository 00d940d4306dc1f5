-- A database, empty.
-- Minimum version: 13.
create database {database} template template0
