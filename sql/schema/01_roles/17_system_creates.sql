-- The owner of a materialized view needs it when the view is made.
grant usage, create on schema public to validahub_system;
