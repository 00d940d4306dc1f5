-- A condition: the row is a tenant's.
-- Minimum version: 13
r.{column} = {tenant}
