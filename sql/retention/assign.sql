-- What it sets: one column. A clause of an update; the value takes the column's own type.
-- Minimum version: 13.
{column} = {value}
