-- What it does: creates the schema for what the suite has to remember.
-- Minimum version: 13.
create schema if not exists steward authorization {role}
