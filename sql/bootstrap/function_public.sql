-- What it does: keeps tables' sizes from the application's roles.
-- Minimum version: 13.
revoke execute on function public.monitor_storage_growth() from public
