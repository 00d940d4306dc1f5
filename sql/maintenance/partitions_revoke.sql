-- What it does: takes away what default privileges gave: a partition is reached through its parent only.
-- Minimum version: 13
revoke all on table {partition} from {grantees}
