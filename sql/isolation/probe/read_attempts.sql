-- Attempts to read rows of another tenant.
-- Minimum version: 13

-- name: rows
-- What a view shows in the columns that a role may read, as JSON.
select pg_catalog.to_jsonb(r.*) as said
from (select {columns} from {relation}) as r
limit 10000;

-- name: rows_with_words
-- The rows of a view that are a tenant's and in which one of some words stands, as JSON, by the columns that a role may read.
select shown.said
from (
    select pg_catalog.to_jsonb(own.*) as said
    from (select {columns} from {relation} as r where {condition}) as own
) as shown
where exists (
    select
    from pg_catalog.unnest(array[{words}]::pg_catalog.text[]) as word
    where pg_catalog.strpos(shown.said::pg_catalog.text, word) > 0
)
limit 1000;

-- name: call
-- What a function returns, as JSON.
select pg_catalog.to_jsonb(said) as said
from {function}({arguments}) as said
limit 1000;

-- fragment: argument
-- An argument of a function.
{value}::{type}

-- name: copy_query
-- Copies what a query sees.
copy ({statement}) to stdout;

-- name: copy_table
-- Copies whose the rows of a table are.
copy {relation} ({column}) to stdout;
