-- Which set and version a correction refers to: twenty slots a tenant, shared among its sets.
-- columns: tenant_number, slot (0 to 19), rule_set_id, current_version, old_version
-- Minimum version: 13.
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
