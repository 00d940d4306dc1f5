-- Writes a tenant's rows as they are, by MERGE.
-- Minimum version: 15
merge into {relation} as r
using (select 1 as one) as given on r.{column} = {tenant}
when matched then update set {changed} = r.{changed}
