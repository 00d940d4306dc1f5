-- Parts of the checks of retention: rows that are overdue, and rows that no rule reaches.
-- Minimum version: 13

-- name: overdue
-- What it answers: how many rows does one rule reach beyond the time that its schedule allows, and no hold keeps? Part of a check.
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
where {due};

-- name: no_overdue
-- What it answers: nothing, for a profile without rules to judge. Part of a check.
select
    null::pg_catalog.text as ident,
    null::pg_catalog.text as rule,
    null::pg_catalog.text as schedule,
    null::pg_catalog.text as action,
    null::pg_catalog.text as cutoff,
    0::pg_catalog.int8 as overdue,
    0::pg_catalog.int8 as held,
    null::pg_catalog.text as oldest;

-- name: unreached
-- What it answers: how many rows are past one rule's clock, or lack it, and are reached by no rule of the table as they stand?
-- Part of a check.
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
where {expired} and {unreached};

-- name: no_unreached
-- What it answers: nothing, where every row of every table is reached. Part of a check.
select
    null::pg_catalog.text as ident,
    null::pg_catalog.text as rule,
    null::pg_catalog.text as clock,
    null::pg_catalog.text as cutoff,
    0::pg_catalog.int8 as past,
    0::pg_catalog.int8 as without,
    null::pg_catalog.text as oldest,
    null::pg_catalog.text as age;
