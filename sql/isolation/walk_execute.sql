-- Of which tenants a session sees rows, and how many, by a plan that it has kept.
-- Columns: tenant; rows
-- Minimum version: 13
execute {plan}
