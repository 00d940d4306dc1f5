-- Probes and the canary act as the application.
-- Minimum version: 13.
grant validahub_app to validahub_maintenance;
