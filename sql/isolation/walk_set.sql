-- What it does: puts a session, or the rest of its transaction, into a tenant.
-- Columns: set_config
-- Parameters: setting; tenant; local
-- Minimum version: 13
select pg_catalog.set_config(%(setting)s, %(tenant)s, %(local)s)
