-- A job's corrections, record by record.
create index correction_logs_tenant_job_record on public.correction_logs (tenant_id, job_id, record_number);
