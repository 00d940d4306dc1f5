-- What was applied.
-- Minimum version: 13.
create index correction_logs_applied on public.correction_logs (tenant_id, applied_at) where status = 'applied';
