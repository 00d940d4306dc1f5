-- What it does: creates a database that takes any encoding, whatever the server's own locale is.
-- Minimum version: 13
create database {database} template template0 encoding {encoding} lc_collate 'C' lc_ctype 'C'
