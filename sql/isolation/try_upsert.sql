-- Writes a row, or the one that has its key.
-- Minimum version: 13
insert into {relation} as r ({columns})
values ({values})
on conflict ({key}) do update set {changed} = excluded.{changed}
