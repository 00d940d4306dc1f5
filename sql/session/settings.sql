-- Settings and roles of the suite's own sessions.
-- Minimum version: 13

-- name: set
-- What it does: sets the session's settings, timeouts among them, in one round trip; those that this version of the server
-- does not know are left out.
-- Parameters: settings, a JSON object of setting name to value.
select pg_catalog.set_config(setting.name, setting.value, false)
from pg_catalog.jsonb_each_text(%(settings)s::pg_catalog.jsonb) as setting (name, value)
where pg_catalog.current_setting(setting.name, true) is not null;

-- name: set_for_transaction
-- What it does: sets settings until the end of the transaction.
-- Parameters: settings, a JSON object of setting name to value.
select pg_catalog.set_config(setting.name, setting.value, true)
from pg_catalog.jsonb_each_text(%(settings)s::pg_catalog.jsonb) as setting (name, value);

-- name: set_role
-- What it does: takes the role whose attributes the session needs; attributes are never inherited.
set role {role};

-- name: set_login_role
-- What it does: acts as the role that logged in, until the transaction ends.
set local role none;

-- name: commit_without_waiting
-- What it does: lets the session's commits return before they are on disk; they get there within moments, and at the latest with the
-- next commit that waits. For work that is simply done again where a crash has undone the last of it.
set synchronous_commit = off;

-- name: commit_as_configured
-- What it does: makes the session's commits wait again as server, database and role say; the next one brings to disk what did not wait.
reset synchronous_commit;
