-- What it does: forgets the session's prepared statements.
-- Minimum version: 13
deallocate all
