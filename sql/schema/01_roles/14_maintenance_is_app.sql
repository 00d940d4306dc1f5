-- Probes and the canary act as the application.
grant validahub_app to validahub_maintenance;
