-- Writes a tenant's rows as they are, or one where none is seen.
-- Minimum version: 15
merge into {relation} as r
using (select 1 as one) as given on r.{column} = {tenant}
when matched then update set {changed} = r.{changed}
when not matched then insert ({columns}) values ({values})
