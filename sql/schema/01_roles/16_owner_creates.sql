-- Migrations create tables; from 15 on PUBLIC has no such right.
grant usage, create on schema public to validahub_owner;
