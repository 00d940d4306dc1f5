-- A value: the column's own.
-- Minimum version: 13
r.{changed}
