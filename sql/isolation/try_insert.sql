-- Writes a tenant's row; without RETURNING, whose policies would refuse what the row's own let through.
-- Minimum version: 13
insert into {relation} ({columns})
values ({values})
