-- … whose rights a role of the application has by membership.
-- Minimum version: 13
grant {owner} to {role}
