-- Writes a tenant's rows as they are.
-- Minimum version: 13
update {relation} as r set {changed} = r.{changed} where r.{column} = {tenant}
