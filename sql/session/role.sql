-- What it does: takes the role whose attributes the session needs; attributes are never inherited.
-- Minimum version: 13.
set role {role}
