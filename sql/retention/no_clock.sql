-- What it stands for: the age of rows of a rule that knows no clock. A clause.
-- Minimum version: 13.
null::pg_catalog.timestamptz
