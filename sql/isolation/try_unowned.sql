-- A condition: the row is nobody's.
-- Minimum version: 13
r.{column} is null
