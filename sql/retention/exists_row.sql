-- Which rows: those for which the other table has a row that meets the clause. A clause.
-- Minimum version: 13.
exists (select from {table} as {other} where {clause})
