-- What it does: runs a statement that was prepared.
-- Minimum version: 13
execute {kept}
