-- … and that a role of the application may call.
-- Minimum version: 13
grant execute on function {made}() to {role}
