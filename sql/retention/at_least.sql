-- Which rows: those whose column is the value or above; NULL is not. A clause; the value takes the column's own type.
-- Minimum version: 13.
{column} >= {value}
