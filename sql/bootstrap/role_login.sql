-- What it does: creates the role that runs connect as; how it proves who it is stays the administrator's business.
-- Minimum version: 13.
create role {role} login
