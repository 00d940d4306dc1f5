-- REFRESH runs as the owner, who must not be filtered by row-level security.
set role validahub_system;
