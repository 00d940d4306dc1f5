-- Without it other sessions' state reads NULL.
grant pg_monitor, pg_stat_scan_tables to validahub_system;
