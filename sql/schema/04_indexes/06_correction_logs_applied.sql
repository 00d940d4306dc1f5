-- What was applied.
create index correction_logs_applied on public.correction_logs (tenant_id, applied_at) where status = 'applied';
