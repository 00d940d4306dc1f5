-- What it does: creates an extension that the suite cannot do without.
-- Minimum version: 13.
create extension if not exists {extension}
