-- In which tenant a session is.
-- Columns: tenant (null: the setting was never set)
-- Parameters: setting
-- Minimum version: 13
select pg_catalog.current_setting(%(setting)s, true) as tenant
