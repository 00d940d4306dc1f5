-- Puts the transaction into a tenant, as the application does.
-- Columns: set_config
-- Minimum version: 13
select pg_catalog.set_config(%(setting)s, %(tenant)s, true)
