-- What follows belongs to the role that migrations run as.
-- Minimum version: 13.
set role validahub_owner
