-- Types, tables and functions belong to the role that migrations run as.
-- Minimum version: 13.
set role validahub_owner;
