-- What it does: ends the script.
-- Minimum version: 13.
commit
