-- Statements that are parsed and never run: they give the text of a rule a complete statement.
-- Minimum version: 13

-- name: check
-- Never run: as what the rule of a check is parsed.
select {rule};

-- name: partition_bound
-- Never run: as what the bound of a partition is parsed.
create table one partition of other {rule};
