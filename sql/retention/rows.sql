-- Which rows: those of a table that meet the clause, as a table of their own. A clause.
-- Minimum version: 13.
(select * from {table} as {row} where {clause})
