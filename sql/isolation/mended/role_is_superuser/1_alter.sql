-- Takes back a mutation of a role, which is the server's and not the copy's.
-- Minimum version: 13
alter role {role} nosuperuser
