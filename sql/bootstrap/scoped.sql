-- What it answers: what did the profile include when it was last copied? Stands where inventory/ours has its parameters.
-- Columns: the one asked for.
-- Minimum version: 13.
(select s.{column} from steward.scope as s)
