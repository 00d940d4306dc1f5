-- A job's suggestions, record by record.
-- Minimum version: 13.
create index suggestions_tenant_job_record on public.suggestions (tenant_id, job_id, record_number);
