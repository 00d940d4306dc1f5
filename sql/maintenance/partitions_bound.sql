-- What it does: the part of partitions_branch that says a range.
-- Minimum version: 13
for values from ({lower}) to ({upper})
