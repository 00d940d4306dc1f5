-- Suggestions in the order of their time. Most expire unread after 14 days; 3 in 100 have no expiry at all, and those of high
-- confidence are beyond every retention rule.
-- Minimum version: 13.
insert into public.suggestions (
    id, tenant_id, job_id, record_number, field_name, rule_id, original_value, suggested_value, alternative_suggestions, model_name,
    model_type, model_version, confidence_score, status, source, priority_score, business_impact, expires_at, valid_until,
    reviewed_at, accepted_at, rejected_at, created_at, updated_at
)
select
    pg_catalog.gen_random_uuid(),
    t.tenant_id,
    pg_catalog.md5('job ' || d.tenant || ' ' || d.number / 200)::uuid,
    d.number %% 200,
    (array['title', 'brand', 'category', 'price', 'color'])[1 + d.number %% 5],
    'R' || (100 + d.number %% 40),
    pg_catalog.to_jsonb('valor ' || pg_catalog.floor(d.draw_a * 2000)),
    pg_catalog.to_jsonb('Valor ' || pg_catalog.floor(d.draw_a * 2000)),
    pg_catalog.jsonb_build_array('alt ' || d.number %% 50),
    (array['br-titles', 'br-titles', 'gtin-finder', 'price-guard'])[1 + d.number %% 4],
    'transformer',
    '3.' || d.number %% 4,
    pg_catalog.round(pg_catalog.sqrt(d.draw_b)::numeric, 4),
    d.status::public.suggestion_status,
    d.source,
    pg_catalog.round((d.draw_a * 100)::numeric, 4),
    pg_catalog.jsonb_build_object('gmv', d.number %% 100),
    case when d.number %% 33 > 0 then d.created_at + interval '14 days' end,
    d.created_at + interval '14 days',
    case when d.status <> 'generated' then d.created_at + interval '1 day' end,
    case when d.status in ('accepted', 'applied', 'implemented') then d.created_at + interval '2 days' end,
    case when d.status = 'rejected' then d.created_at + interval '2 days' end,
    d.created_at,
    d.created_at + case when d.status = 'generated' then interval '0' else interval '2 days' end
from (
    select
        number,
        %(begins)s::timestamptz + (%(ends)s::timestamptz - %(begins)s::timestamptz) * (number::float8 / %(rows)s) as created_at,
        pg_catalog.random() as draw_a,
        pg_catalog.random() as draw_b,
        case when pg_catalog.random() < %(discarded)s then 'discarded import' else 'model' end as source,
        1 + pg_catalog.width_bucket(pg_catalog.random(), (select array_agg(up_to order by tenant.number) from demo.tenant)) as tenant,
        (array['generated', 'reviewed', 'rejected', 'implemented', 'accepted', 'applied', 'expired'])[
            1 + pg_catalog.width_bucket(pg_catalog.random(), array[0.62, 0.72, 0.80, 0.87, 0.92, 0.96]::float8[])
        ] as status
    from pg_catalog.generate_series(%(first)s::integer, %(last)s::integer) as number
) as d
join demo.tenant as t on t.number = d.tenant;
