-- A defect: a role of the application is a superuser.
-- Minimum version: 13
alter role {role} superuser
