-- The login's password, where the server asks for one.
alter role {login} password {password}
