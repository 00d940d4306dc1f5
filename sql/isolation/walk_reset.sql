-- What it does: resets a setting, which is empty then and not NULL.
-- Minimum version: 13
reset {setting}
