-- Which rows: those with a value in the column. A clause.
-- Minimum version: 13.
{column} is not null
