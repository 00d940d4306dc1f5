-- Never run: as what the bound of a partition is parsed.
-- Minimum version: 13
create table one partition of other {rule}
