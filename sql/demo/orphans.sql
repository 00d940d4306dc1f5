-- Versions whose rule set is absent, as they stay behind where a foreign key was once disabled; needs a superuser.
-- Minimum version: 13.
insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version, created_at, updated_at)
select
    tenant_id, pg_catalog.md5('gone ' || number)::uuid, 0, number, 0, '0.' || number || '.0', now() - interval '2 years',
    now() - interval '2 years'
from demo.tenant
where number <= 3
order by number;
