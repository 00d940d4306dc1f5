-- A defect: a role of the application has BYPASSRLS.
-- Minimum version: 13
alter role {role} bypassrls
