-- What waits for a decision.
-- Minimum version: 13.
create index correction_logs_pending on public.correction_logs (tenant_id, created_at) where status = 'pending';
