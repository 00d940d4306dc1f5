-- Vacuum, analyze, attach, detach and drop need the owner's rights.
grant validahub_owner to validahub_system;
