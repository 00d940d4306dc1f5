-- What follows is the login's own again.
-- Minimum version: 13.
reset role
