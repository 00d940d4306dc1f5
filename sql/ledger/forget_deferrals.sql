-- What it does: ends the counts of objects that had their turn.
-- Parameters: objects, an array.
-- Minimum version: 13.
delete from steward.deferral as d
where d.object = any (%(objects)s::text[])
