-- What it does: makes room for the suite's own function.
-- Minimum version: 13.
drop function public.monitor_storage_growth()
