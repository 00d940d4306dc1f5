-- What it answers: which versions does the application's schema say that it has?
-- Columns: version.
-- Minimum version: 13.
select v.version::text as version
from {table} as v
