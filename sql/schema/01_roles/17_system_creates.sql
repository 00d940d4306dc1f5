-- The owner of a materialized view needs it when the view is made.
-- Minimum version: 13.
grant usage, create on schema public to validahub_system;
