-- What it does: takes away growth figures that the profile no longer has.
-- Parameters: relations, an array of those that it has.
-- Minimum version: 13.
delete from steward.growth_threshold as known
where known.relation <> all (%(relations)s::text[])
