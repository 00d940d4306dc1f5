-- The login becomes the maintenance role with SET ROLE: BYPASSRLS is never inherited.
-- Minimum version: 13.
grant validahub_system to validahub_maintenance;
