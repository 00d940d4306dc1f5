-- A job's corrections, record by record.
-- Minimum version: 13.
create index correction_logs_tenant_job_record on public.correction_logs (tenant_id, job_id, record_number);
