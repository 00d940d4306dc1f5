-- Corrections in the order of their time, more and more of them; deterministic after setseed().
-- The tenant is drawn by its share; most of some sets' corrections still use a version deprecated long ago.
-- Minimum version: 13.
insert into public.correction_logs (
    id, tenant_id, job_id, rule_set_id, rule_version_id, correction_batch_id, record_number, field_name, rule_id, original_value,
    corrected_value, correction_type, correction_method, confidence_score, correction_metadata, status, estimated_impact,
    applied_at, created_at, created_by
)
select
    pg_catalog.gen_random_uuid(),
    t.tenant_id,
    job.id,
    u.rule_set_id,
    case
        when d.created_at < now() - interval '200 days' or (u.slot = 0 and d.draw_a < 0.8) then u.old_version
        else u.current_version
    end,
    job.id,
    d.number %% 500,
    (array['title', 'brand', 'gtin', 'price', 'ncm', 'weight', 'color', 'description'])[1 + pg_catalog.floor(d.draw_b * 8)::integer],
    'R' || (100 + pg_catalog.floor(d.draw_a * 40)),
    pg_catalog.to_jsonb('valor ' || pg_catalog.floor(d.draw_c * 5000)),
    pg_catalog.to_jsonb('Valor ' || pg_catalog.floor(d.draw_c * 5000)),
    (array['format', 'enrichment', 'normalization', 'mapping'])[1 + d.number %% 4],
    (array['rule_based', 'automatic', 'ml_suggestion', 'rule_based', 'manual'])[1 + d.number %% 5],
    pg_catalog.round((0.5 + d.draw_b / 2)::numeric, 4),
    (array[
        '{{"locale": "pt_BR", "source": "feed"}}', '{{"locale": "pt_BR", "source": "api"}}', '{{"locale": "es_MX", "source": "feed"}}'
    ])[1 + d.number %% 3]::jsonb,
    d.status,
    pg_catalog.jsonb_build_object('score', pg_catalog.floor(d.draw_b * 20)),
    case when d.status = 'applied' then d.created_at + interval '5 minutes' end,
    d.created_at,
    'user_' || (d.number %% 17)
from (
    select
        number,
        number %% 20 as slot,
        %(begins)s::timestamptz
            + (%(ends)s::timestamptz - %(begins)s::timestamptz) * pg_catalog.pow(number::float8 / %(rows)s, 0.75) as created_at,
        pg_catalog.random() as draw_a,
        pg_catalog.random() as draw_b,
        pg_catalog.random() as draw_c,
        1 + pg_catalog.width_bucket(pg_catalog.random(), (select array_agg(up_to order by tenant.number) from demo.tenant)) as tenant,
        (array['applied', 'approved', 'pending', 'rejected', 'reverted', 'deleted'])[
            1 + pg_catalog.width_bucket(pg_catalog.random(), array[0.55, 0.72, 0.82, 0.91, 0.95]::float8[])
        ] as status
    from pg_catalog.generate_series(%(first)s::integer, %(last)s::integer) as number
) as d
join demo.tenant as t on t.number = d.tenant
join demo.usage as u on u.tenant_number = d.tenant and u.slot = d.slot
cross join lateral (select pg_catalog.md5('job ' || d.tenant || ' ' || d.number / 500)::uuid as id) as job;
