-- What it does: lets those who monitor call the function.
-- Minimum version: 13.
grant execute on function public.monitor_storage_growth() to pg_monitor
