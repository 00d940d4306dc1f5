-- Never run: as what the rule of a check is parsed.
-- Minimum version: 13
select {rule}
