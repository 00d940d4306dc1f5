-- … and that a role of the application may read.
-- Minimum version: 13
grant select on {made} to {role}
