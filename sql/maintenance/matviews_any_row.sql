-- What it answers: does the table hold any row?
-- Columns: more
-- Parameters: {table}
-- Minimum version: 13
select exists (select from {table}) as more
