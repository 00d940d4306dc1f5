-- What it answers: nothing, for a profile without rules to judge. Part of a check.
-- Minimum version: 13.
select
    null::pg_catalog.text as ident,
    null::pg_catalog.text as rule,
    null::pg_catalog.text as schedule,
    null::pg_catalog.text as action,
    null::pg_catalog.text as cutoff,
    0::pg_catalog.int8 as overdue,
    0::pg_catalog.int8 as held,
    null::pg_catalog.text as oldest
