-- Empties a table, which no policy looks at.
-- Minimum version: 13
truncate table {relation}
