-- Which rows: those for which the other table has no row that meets the clause. A clause.
-- Minimum version: 13.
not exists (select from {table} as {other} where {clause})
