-- Without it other sessions' state reads NULL.
-- Minimum version: 13.
grant pg_monitor, pg_stat_scan_tables to validahub_system;
