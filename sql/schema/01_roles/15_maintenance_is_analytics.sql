-- Probes act as the analysts, too.
-- Minimum version: 13.
grant validahub_analytics to validahub_maintenance;
