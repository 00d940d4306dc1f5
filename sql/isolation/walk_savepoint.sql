-- What it does: begins what can be undone by itself.
-- Minimum version: 13
savepoint {savepoint}
