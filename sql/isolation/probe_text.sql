-- A value of a row as text.
-- Minimum version: 13
r.{column}::pg_catalog.text as {column}
