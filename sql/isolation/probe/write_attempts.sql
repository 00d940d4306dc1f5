-- Attempts to write rows of another tenant.
-- Minimum version: 13

-- name: insert
-- Writes a tenant's row; without RETURNING, whose policies would refuse what the row's own let through.
insert into {relation} ({columns})
values ({values});

-- name: upsert
-- Writes a row, or the one that has its key.
insert into {relation} as r ({columns})
values ({values})
on conflict ({key}) do update set {changed} = excluded.{changed};

-- name: update
-- Writes a tenant's rows as they are.
update {relation} as r set {changed} = r.{changed} where r.{column} = {tenant};

-- name: update_all
-- Writes all rows, without a condition and reading no column: only then do the policies of SELECT not stand by those of UPDATE.
update {relation} as r set {assigned};

-- name: move
-- Moves a tenant's rows to another one.
update {relation} as r set {assigned} where r.{column} = {tenant};

-- fragment: assignment
-- What a column becomes.
{changed} = {value}

-- name: delete
-- Deletes a tenant's rows.
delete from {relation} as r where r.{column} = {tenant};

-- name: delete_all
-- Deletes all rows, without a condition: only then do the policies of SELECT not stand by those of DELETE.
delete from {relation} as r;

-- name: truncate
-- Empties a table, which no policy checks.
truncate table {relation};
