-- Of which tenants rows are seen: a column for each.
-- Minimum version: 13
select {seen}
