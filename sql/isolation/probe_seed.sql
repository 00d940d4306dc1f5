-- Makes a row and returns it, all values as text.
-- Minimum version: 13
insert into {relation} as r ({columns})
values ({values})
returning {row}
