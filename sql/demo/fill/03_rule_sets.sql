-- Three sets for the smallest tenant, twenty for the largest; a few deleted, half of those long enough ago to go.
-- Minimum version: 13.
insert into public.rule_sets (
    id, tenant_id, channel, name, status, is_active, metadata, version, shadow_period_days, created_at, updated_at, created_by,
    updated_by, deleted_at
)
select
    pg_catalog.md5('rule set ' || t.number || ' ' || s.number)::uuid,
    t.tenant_id,
    (enum_range(null::public.marketplace_channel))[1 + s.number %% 11],
    'Regras ' || s.number,
    'published',
    s.number %% 7 <> 0,
    pg_catalog.jsonb_build_object('owner', 'catalog', 'tier', s.number %% 3),
    1 + s.number %% 5,
    s.number %% 31,
    now() - interval '30 months',
    now() - interval '40 days',
    'seed',
    'seed',
    case when s.number > 2 and s.number %% 7 = 0 then now() - (case s.number %% 2 when 0 then 20 else 200 end) * interval '1 day' end
from demo.tenant as t
cross join lateral pg_catalog.generate_series(1, 3 + 17 / t.number) as s (number)
order by t.number, s.number;
