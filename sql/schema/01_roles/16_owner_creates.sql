-- Migrations create tables; from 15 on PUBLIC has no such right.
-- Minimum version: 13.
grant usage, create on schema public to validahub_owner;
