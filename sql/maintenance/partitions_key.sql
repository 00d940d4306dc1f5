-- What it does: the part of partitions_create and partitions_branch that makes a level of its own.
-- Minimum version: 13
partition by {key}
