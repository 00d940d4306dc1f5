-- How many times in a row an object was deferred.
-- Minimum version: 13

-- name: counts
-- What it answers: how many times in a row was each object deferred?
-- Columns: object, times.
select d.object, d.times
from steward.deferral as d
order by d.object collate "C";

-- name: add
-- What it does: counts one deferral more of each object.
-- Parameters: objects, an array.
insert into steward.deferral as d (object, times)
select distinct deferred.object, 1
from pg_catalog.unnest(%(objects)s::text[]) as deferred (object)
on conflict (object) do update set
    times = d.times + 1,
    last_at = pg_catalog.clock_timestamp();

-- name: forget
-- What it does: ends the counts of objects that had their turn.
-- Parameters: objects, an array.
delete from steward.deferral as d
where d.object = any (%(objects)s::text[]);
