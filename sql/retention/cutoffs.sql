-- What it answers: which instant lies each interval before now? Calendar arithmetic, in the session's time zone, UTC.
-- Parameters: now, intervals (a NULL one has no cutoff).
-- Columns: cutoff, in the order of the intervals.
-- Minimum version: 13.
select (%(now)s::pg_catalog.timestamptz - wanted.age::pg_catalog.interval)::pg_catalog.text as cutoff
from pg_catalog.unnest(%(intervals)s::pg_catalog.text[]) with ordinality as wanted (age, position)
order by wanted.position
