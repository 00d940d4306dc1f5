-- Which rows: those whose two columns agree. A clause, for a foreign key's pairs.
-- Minimum version: 13.
{left} = {right}
