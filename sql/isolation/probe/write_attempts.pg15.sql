-- Attempts to write rows of another tenant. From 15 on.
-- Minimum version: 15

-- name: merge
-- Writes a tenant's rows as they are, or one where none is seen.
merge into {relation} as r
using (select 1 as one) as given on r.{column} = {tenant}
when matched then update set {changed} = r.{changed}
when not matched then insert ({columns}) values ({values});

-- name: merge_matched
-- Writes a tenant's rows as they are, by MERGE.
merge into {relation} as r
using (select 1 as one) as given on r.{column} = {tenant}
when matched then update set {changed} = r.{changed};
