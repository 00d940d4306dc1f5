-- What it does: binds a role to row-level security.
-- Minimum version: 13
alter role {role} nosuperuser nobypassrls
