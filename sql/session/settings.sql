-- What it does: sets the session's settings, timeouts among them, in one round trip; those that this version of the server
-- does not know are left out.
-- Parameters: settings, a JSON object of setting name to value.
-- Minimum version: 13.
select pg_catalog.set_config(setting.name, setting.value, false)
from pg_catalog.jsonb_each_text(%(settings)s::pg_catalog.jsonb) as setting (name, value)
where pg_catalog.current_setting(setting.name, true) is not null
