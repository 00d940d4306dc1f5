-- The login's password, where the server asks for one.
-- Minimum version: 13.
alter role {login} password {password}
