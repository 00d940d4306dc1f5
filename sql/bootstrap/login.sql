-- What it does: lets the role log in.
-- Minimum version: 13.
alter role {role} login
