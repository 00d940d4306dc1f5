-- Deletes all rows, without a condition: only then do the policies of SELECT not stand by those of DELETE.
-- Minimum version: 13
delete from {relation} as r
