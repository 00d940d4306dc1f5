-- What it does: creates the role that acts; row-level security must not hide rows from maintenance.
-- Minimum version: 13.
create role {role} nologin bypassrls
