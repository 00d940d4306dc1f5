-- A condition: rows of one tenant, through the index that leads with it.
-- Minimum version: 13
r.{column} = %(tenant)s
