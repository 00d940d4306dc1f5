-- The rows of a view that are a tenant's and in which one of some words stands, as JSON, by the columns that a role may read.
-- Minimum version: 13
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
limit 1000
