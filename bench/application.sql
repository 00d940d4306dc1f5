-- One transaction of the application: a tenant reads what is new, corrects something, and takes and reviews suggestions.
\set number random_zipfian(1, 24, 1.1)
begin;
select public.set_tenant_context((string_to_array(:tenants, ','))[:number], 'user_1');
select id, field_name, status from public.correction_logs
    where tenant_id = (string_to_array(:tenants, ','))[:number] and created_at > now() - interval '7 days'
    order by created_at desc limit 20;
insert into public.correction_logs
    (tenant_id, job_id, record_number, field_name, rule_id, correction_type, correction_method, created_by)
    values ((string_to_array(:tenants, ','))[:number], gen_random_uuid(), 1, 'title', 'R1', 'format', 'manual', 'user_1');
insert into public.suggestions
    (tenant_id, job_id, record_number, field_name, model_name, model_type, model_version, confidence_score, source, expires_at)
    values ((string_to_array(:tenants, ','))[:number], gen_random_uuid(), 1, 'title', 'm', 'text', '1', 0.9, 'job', now() + interval '7 days');
update public.suggestions set status = 'reviewed', reviewed_at = now() where id in (
    select id from public.suggestions
    where tenant_id = (string_to_array(:tenants, ','))[:number] and model_name = 'm' order by created_at desc limit 1
);
select count(*) from public.rule_versions where tenant_id = (string_to_array(:tenants, ','))[:number] and is_current;
commit;
