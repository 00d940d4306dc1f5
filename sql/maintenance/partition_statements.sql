-- The statements that create a partition and make it like its siblings.
-- Minimum version: 13

-- name: create
-- What it does: makes a table like the parent, indexes included; an identity column belongs to the parent alone.
create {persistence}table {partition} (like {parent} including all excluding identity) {key} {tablespace};

-- name: create_branch
-- What it does: makes a partition of a table that is itself to become one, as the present partition has its counterpart.
create {persistence}table {partition} partition of {parent} {bound} {key} {tablespace};

-- fragment: bound
-- What it does: the part of partitions_branch that says a range.
for values from ({lower}) to ({upper})

-- fragment: key
-- What it does: the part of partitions_create and partitions_branch that makes a level of its own.
partition by {key}

-- fragment: tablespace
-- What it does: the part of partitions_create that names a tablespace.
tablespace {tablespace}

-- name: owner
-- What it does: gives the new table to the parent's owner, so that migrations reach it.
alter table {partition} owner to {owner};

-- name: row_security
-- What it does: switches row security on, or makes the owner obey it too, as for the parent; partitions inherit neither.
alter table {partition} {switch} row level security;

-- name: options
-- What it does: sets storage options as the family's present partition has them.
alter table {partition} set ({options});

-- name: statistics
-- What it does: sets a column's statistics target as the family's present partition has it.
alter table {partition} alter column {column} set statistics {target};

-- name: replica_identity
-- What it does: sets what logical replication knows old rows by, as the family's present partition has it.
alter table {partition} replica identity {identity};

-- name: revoke
-- What it does: takes away what default privileges gave: a partition is reached through its parent only.
revoke all on table {partition} from {grantees};

-- name: lock_parent
-- What it does: locks the parent as attaching does, before the default partition: everybody who attaches takes them in
-- this order, and whoever took them in the other one would meet in a deadlock.
lock table only {parent} in share update exclusive mode;

-- name: lock_default
-- What it does: locks the default partition, which attaching another one needs anyway, before its rows are looked at.
lock table {default_partition} in access exclusive mode;

-- name: default_rows
-- What it answers: are there rows in the default partition that belong to the coming one?
-- Columns: found
select exists (
    select
    from {default_partition} as d
    where d.{key} >= {lower} and d.{key} < {upper}
) as found
order by 1;

-- name: move_default_rows
-- What it does: moves the rows of a coming partition out of the default one, and counts both sides.
-- Columns: removed, kept
with removed as (
    delete from {default_partition} as d
    where d.{key} >= {lower} and d.{key} < {upper}
    returning d.*
),
kept as (
    insert into {partition} ({columns})
    select {columns}
    from removed
    returning 1
)
select
    (select pg_catalog.count(*) from removed) as removed,
    (select pg_catalog.count(*) from kept) as kept
order by 1;

-- name: attach
-- What it does: makes the new table a partition; it is empty or was filled in the same transaction, so nothing is waited
-- for but the locks.
alter table {parent} attach partition {partition} for values from ({lower}) to ({upper});
