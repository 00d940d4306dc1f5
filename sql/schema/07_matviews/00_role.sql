-- REFRESH runs as the owner, who must not be filtered by row-level security.
-- Minimum version: 13.
set role validahub_system;
