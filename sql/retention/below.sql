-- Which rows: those whose column is below the value; NULL is not. A clause; the value takes the column's own type.
-- Minimum version: 13.
{column} < {value}
