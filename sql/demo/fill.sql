-- The demo's rows of reference tables, and what its generator remembers. Runs from top to bottom.
-- Minimum version: 13

-- name: schema
-- What the generator remembers between its statements and sessions; gone at the end.
create schema demo;

-- name: tenants
-- 24 tenants; the k-th has a share of 1/k, so that the largest holds a quarter of everything and the smallest a hundredth.
-- columns: number, tenant_id, up_to (the share of all rows up to and including this tenant)
create unlogged table demo.tenant as
select
    number::integer as number,
    't_' || name as tenant_id,
    (sum(1.0 / number) over (order by number) / sum(1.0 / number) over ())::float8 as up_to
from pg_catalog.unnest(array[
    'casa_verde', 'mundo_tech', 'moda_sul', 'ferragens_silva', 'livraria_aurora', 'pet_feliz', 'auto_pecas_br', 'cozinha_certa',
    'bebe_bem', 'esporte_total', 'brinquedos_sol', 'joias_do_vale', 'optica_clara', 'farma_ja', 'musica_viva', 'jardim_novo',
    'papel_e_cia', 'luz_e_som', 'calcados_rio', 'vinhos_serra', 'bike_point', 'arte_mao', 'cha_e_cafe', 'retro_games'
]) with ordinality as tenant (name, number);

-- name: rule_sets
-- Three sets for the smallest tenant, twenty for the largest; a few deleted, half of those long enough ago to go.
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

-- name: rule_versions
-- Six versions a set: two deprecated for longer than 180 days, two more recently, one published and one in testing.
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

-- name: usage
-- Which set and version a correction refers to: twenty slots a tenant, shared among its sets.
-- columns: tenant_number, slot (0 to 19), rule_set_id, current_version, old_version
create unlogged table demo.usage as
select
    t.number as tenant_number,
    slot,
    s.id as rule_set_id,
    pg_catalog.md5('version ' || s.id || ' 5')::uuid as current_version,
    pg_catalog.md5('version ' || s.id || ' 2')::uuid as old_version
from demo.tenant as t
join (
    select
        tenant_id,
        id,
        row_number() over (partition by tenant_id order by id) - 1 as place,
        count(*) over (partition by tenant_id) as places
    from public.rule_sets
    where deleted_at is null
) as s on s.tenant_id = t.tenant_id
join pg_catalog.generate_series(0, 19) as slot on slot %% s.places = s.place;

-- name: usage_statistics
-- So that the planner knows how few there are.
analyze demo.usage;
