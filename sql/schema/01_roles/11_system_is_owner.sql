-- Vacuum, analyze, attach, detach and drop need the owner's rights.
-- Minimum version: 13.
grant validahub_owner to validahub_system;
