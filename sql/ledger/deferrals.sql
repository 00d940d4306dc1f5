-- What it answers: how many times in a row was each object deferred?
-- Columns: object, times.
-- Minimum version: 13.
select d.object, d.times
from steward.deferral as d
order by d.object collate "C"
