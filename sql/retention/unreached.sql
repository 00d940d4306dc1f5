-- What it answers: how many rows are past one rule's clock, or lack it, and are reached by no rule of the table as they stand?
-- Part of a check.
-- Minimum version: 13.
select
    {ident}::pg_catalog.text as ident,
    {rule}::pg_catalog.text as rule,
    {column}::pg_catalog.text as clock,
    {cutoff}::pg_catalog.text as cutoff,
    pg_catalog.count({clock}) as past,
    pg_catalog.count(*) - pg_catalog.count({clock}) as without,
    pg_catalog.min({clock})::pg_catalog.text as oldest,
    pg_catalog.date_trunc('day', pg_catalog.now() - pg_catalog.min({clock}))::pg_catalog.text as age
from {table} as {row}
where {expired} and {unreached}
