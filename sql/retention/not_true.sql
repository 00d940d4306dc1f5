-- Which rows: those that do not meet the clause, or of which it cannot be said. A clause.
-- Minimum version: 13.
({clause}) is not true
