-- Moves a tenant's rows to another one.
-- Minimum version: 13
update {relation} as r set {assigned} where r.{column} = {tenant}
