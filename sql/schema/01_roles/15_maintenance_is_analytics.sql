-- Probes act as the analysts, too.
grant validahub_analytics to validahub_maintenance;
