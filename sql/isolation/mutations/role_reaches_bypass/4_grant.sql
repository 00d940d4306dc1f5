-- … and a role of the application can become it by SET ROLE.
-- Minimum version: 13
grant steward_mutation to {role}
