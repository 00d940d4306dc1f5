-- A tenant's latest corrections.
create index correction_logs_tenant_created on public.correction_logs (tenant_id, created_at desc);
