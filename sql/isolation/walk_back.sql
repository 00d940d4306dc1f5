-- What it does: undoes all since a savepoint, settings included.
-- Minimum version: 13
rollback to savepoint {savepoint}
