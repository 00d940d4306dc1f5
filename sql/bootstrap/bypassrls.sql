-- What it does: lets the role see every tenant's rows; the attribute is never inherited through membership.
-- Minimum version: 13.
alter role {role} bypassrls
