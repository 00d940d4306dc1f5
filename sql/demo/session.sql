-- Settings of the sessions that build the demo.
-- Minimum version: 13

-- name: set_owner_role
-- What follows belongs to the role that migrations run as.
set role validahub_owner;

-- name: reset_role
-- What follows is the login's own again.
reset role;

-- name: seed
-- The same demo every time: random() of this session starts here.
select pg_catalog.setseed(0.42);

-- name: light_statistics
-- A third of the sample is plenty for the demo's statistics; the first real ANALYZE takes the columns' own targets.
set default_statistics_target = 30;

-- name: triggers_off
-- Foreign keys do not look: how the orphans came about; needs a superuser.
set session_replication_role = replica;

-- name: triggers_on
-- Foreign keys hold again.
reset session_replication_role;

-- name: brief_locks
-- How long the rebuild that is meant to fail waits.
set lock_timeout = '100ms';

-- name: unlimited_locks
-- Back to the default.
reset lock_timeout;

-- name: hold_snapshot
-- A transaction's snapshot, which CONCURRENTLY commands wait for.
-- columns: held
select true as held;
