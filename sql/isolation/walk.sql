-- The steps of a random walk through a session, as a connection pool would produce them.
-- Minimum version: 13

-- name: set_role
-- What it does: takes a role until the end of the transaction.
set local role {role};

-- name: set_tenant
-- What it does: puts a session, or the rest of its transaction, into a tenant.
-- Columns: set_config
-- Parameters: setting; tenant; local
select pg_catalog.set_config(%(setting)s, %(tenant)s, %(local)s);

-- name: reset_tenant
-- What it does: resets a setting, which is empty then and not NULL.
reset {setting};

-- name: current_tenant
-- In which tenant a session is.
-- Columns: tenant (null: the setting was never set)
-- Parameters: setting
select pg_catalog.current_setting(%(setting)s, true) as tenant;

-- name: savepoint
-- What it does: begins what can be undone by itself.
savepoint {savepoint};

-- name: rollback_to_savepoint
-- What it does: undoes all since a savepoint, settings included.
rollback to savepoint {savepoint};

-- name: discard_all
-- What it does: gives a session back to its pool.
discard all;

-- name: visible_rows
-- Of which tenants a session sees rows, and how many.
-- Columns: tenant; rows
select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows
from {relation} as r
group by 1
order by 1;

-- name: prepare
-- What it does: keeps the question which tenants' rows a session sees, with its plan.
prepare {plan} as select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows from {relation} as r group by 1 order by 1;

-- name: execute
-- Of which tenants a session sees rows, and how many, by a plan that it has kept.
-- Columns: tenant; rows
execute {plan};

-- name: insert
-- Writes a row; without RETURNING, whose policies would refuse what the row's own let through.
insert into {relation} ({columns})
values ({values});

-- name: update
-- Writes one value into every row that an UPDATE reaches; without a condition and without reading any column, to which the policies of
-- SELECT would be added.
update {relation} set {changed} = {value};

-- name: delete
-- Deletes every row that a DELETE reaches; without a condition, to which the policies of SELECT would be added.
delete from {relation};

-- name: contents
-- What the tenants of a walk have in a table: the number of their rows, and one number for what is in them, whatever their order.
-- Columns: tenant; rows; content
select
    r.{column}::pg_catalog.text as tenant,
    pg_catalog.count(*) as rows,
    pg_catalog.sum(pg_catalog.hashtextextended((r.*)::pg_catalog.text, 0)) as content
from {relation} as r
where r.{column} in ({tenants})
group by 1
order by 1;
