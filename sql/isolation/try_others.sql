-- A condition: the row is no known tenant's.
-- Minimum version: 13
r.{column} is null or r.{column} not in ({tenants})
