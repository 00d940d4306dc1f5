-- A batch's state.
-- Minimum version: 13.
create index correction_logs_tenant_batch_status on public.correction_logs (tenant_id, correction_batch_id, status);
