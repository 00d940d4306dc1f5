-- What it does: sets settings until the end of the transaction.
-- Parameters: settings, a JSON object of setting name to value.
-- Minimum version: 13.
select pg_catalog.set_config(setting.name, setting.value, true)
from pg_catalog.jsonb_each_text(%(settings)s::pg_catalog.jsonb) as setting (name, value)
