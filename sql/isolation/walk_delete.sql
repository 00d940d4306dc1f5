-- Deletes every row that a DELETE reaches; without a condition, to which the policies of SELECT would be added.
-- Minimum version: 13
delete from {relation}
