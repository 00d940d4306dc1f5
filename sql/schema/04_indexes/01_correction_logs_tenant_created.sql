-- A tenant's latest corrections.
-- Minimum version: 13.
create index correction_logs_tenant_created on public.correction_logs (tenant_id, created_at desc);
