-- Deletes a tenant's rows.
-- Minimum version: 13
delete from {relation} as r where r.{column} = {tenant}
