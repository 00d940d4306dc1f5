-- What it answers: nothing, where every row of every table is reached. Part of a check.
-- Minimum version: 13.
select
    null::pg_catalog.text as ident,
    null::pg_catalog.text as rule,
    null::pg_catalog.text as clock,
    null::pg_catalog.text as cutoff,
    0::pg_catalog.int8 as past,
    0::pg_catalog.int8 as without,
    null::pg_catalog.text as oldest,
    null::pg_catalog.text as age
