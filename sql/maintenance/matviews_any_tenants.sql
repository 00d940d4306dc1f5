-- What it answers: does the table hold rows of more than one tenant? An index that begins with the column answers at once.
-- Columns: more
-- Parameters: {table}, {column} of the tenant
-- Minimum version: 13
select (select pg_catalog.min({column}) from {table}) <> (select pg_catalog.max({column}) from {table}) as more
