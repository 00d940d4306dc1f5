-- Makes a row of nothing but defaults and returns it, all values as text.
-- Minimum version: 13
insert into {relation} as r
default values
returning {row}
