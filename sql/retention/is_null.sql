-- Which rows: those without a value in the column. A clause.
-- Minimum version: 13.
{column} is null
