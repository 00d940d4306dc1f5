-- What it does: counts one deferral more of each object.
-- Parameters: objects, an array.
-- Minimum version: 13.
insert into steward.deferral as d (object, times)
select distinct deferred.object, 1
from pg_catalog.unnest(%(objects)s::text[]) as deferred (object)
on conflict (object) do update set
    times = d.times + 1,
    last_at = pg_catalog.clock_timestamp()
