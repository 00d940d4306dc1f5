-- What it does: lets the function run with the maintenance role's rights, not with those of who created it.
-- Minimum version: 13.
alter function public.monitor_storage_growth() owner to {role}
