-- … and may be read by a role of the application.
-- Minimum version: 13
grant select on {made} to {role}
