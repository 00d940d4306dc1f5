-- Which rows: those that a legal hold's own predicate keeps; a predicate that cannot decide about a row keeps it.
-- A clause; the predicate is the hold's text, and has a line of its own so that a comment in it ends there.
-- Minimum version: 13.
coalesce(
    cast((
        {predicate}
    ) as pg_catalog.bool),
    true
)
