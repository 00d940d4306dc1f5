-- The login becomes the maintenance role with SET ROLE: BYPASSRLS is never inherited.
grant validahub_system to validahub_maintenance;
