-- Which rows: those whose column has one of the values. A clause; the values take the column's own type.
-- Minimum version: 13.
{column} in ({values})
