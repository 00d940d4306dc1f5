-- What it answers: how many rows does one rule reach beyond the time that its schedule allows, and no hold keeps? Part of a check.
-- Minimum version: 13.
select
    {ident}::pg_catalog.text as ident,
    {rule}::pg_catalog.text as rule,
    {schedule}::pg_catalog.text as schedule,
    {action}::pg_catalog.text as action,
    {cutoff}::pg_catalog.text as cutoff,
    pg_catalog.count(*) filter (where not {held}) as overdue,
    pg_catalog.count(*) filter (where {held}) as held,
    pg_catalog.min({clock}) filter (where not {held})::pg_catalog.text as oldest
from {table} as {row}
where {due}
