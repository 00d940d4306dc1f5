-- What it does: gives a session back to its pool.
-- Minimum version: 13
discard all
