-- Six versions a set: two deprecated for longer than 180 days, two more recently, one published and one in testing.
-- Minimum version: 13.
insert into public.rule_versions (
    id, tenant_id, rule_set_id, major, minor, patch, version, is_current, is_latest, status, mapping_yaml, ruleset_yaml, compiled_ir,
    schema_hash, published_at, deprecated_at, created_at, updated_at
)
select
    pg_catalog.md5('version ' || s.id || ' ' || v.number)::uuid,
    s.tenant_id,
    s.id,
    1,
    v.number,
    0,
    '1.' || v.number || '.0',
    v.number = 5,
    v.number = 6,
    (array['deprecated', 'deprecated', 'deprecated', 'deprecated', 'published', 'testing'])[v.number]::public.version_status,
    'fields: [title, brand, gtin, price]',
    pg_catalog.repeat('- rule: trim and title case' || chr(10), 40),
    pg_catalog.jsonb_build_object('rules', v.number * 7, 'compiler', '2.4'),
    pg_catalog.md5(s.id || 'a' || v.number) || pg_catalog.md5(s.id || 'b' || v.number),
    case when v.number < 6 then now() - (6 - v.number) * interval '120 days' end,
    case when v.number < 5 then now() - (array[420, 300, 150, 30])[v.number] * interval '1 day' end,
    now() - (7 - v.number) * interval '120 days',
    now() - (6 - v.number) * interval '60 days'
from public.rule_sets as s
cross join pg_catalog.generate_series(1, 6) as v (number)
order by s.tenant_id, s.id, v.number;
