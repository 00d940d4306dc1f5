-- What it answers: which materialized views can only be refreshed while their readers wait, and make them wait for too long?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; limit, seconds; {ours}, {known}
-- Minimum version: 13
with ours as (
    {ours}
),
known as (
    {known}
)
select
    'materialized view' as object_type,
    known.ident as object_name,
    'no unique index for a concurrent refresh; the last one took ' || m.refresh_duration_seconds::text || ' s' as observed,
    'such an index, or at most ' || %(limit)s::double precision::text || ' s' as expected,
    'readers wait for a plain refresh' as detail,
    'create a unique index on plain columns of it, without a condition' as remediation
from ours
join known on known.oid = ours.oid
join public.materialized_view_metadata as m on m.view_name = known.view_name
where m.refresh_duration_seconds > %(limit)s::double precision::numeric
    and not exists (
        select
        from pg_catalog.pg_index as i
        where i.indrelid = known.oid
            and i.indisunique
            and i.indimmediate
            and i.indisvalid
            and i.indpred is null
            and 0 <> all (i.indkey::smallint[])
    )
order by known.ident
