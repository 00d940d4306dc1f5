-- The rows that the probe inserts for tenants of its own.
-- Minimum version: 13

-- name: existing_row
-- A row of a table as it stands, all values as text.
select {columns}
from {relation} as r
limit 1;

-- name: insert
-- Makes a row and returns it, all values as text.
insert into {relation} as r ({columns})
values ({values})
returning {row};

-- name: insert_defaults
-- Makes a row of nothing but defaults and returns it, all values as text.
insert into {relation} as r
default values
returning {row};

-- fragment: value_as_text
-- A value of a row as text.
r.{column}::pg_catalog.text as {column}

-- name: refresh
-- What it does: fills a materialized view with what the transaction sees.
refresh materialized view {relation};
