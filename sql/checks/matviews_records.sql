-- What it answers: which records of refreshes belong to no materialized view? Whoever reads them believes in one.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: {known}
-- Minimum version: 13
with known as (
    {known}
)
select
    'record of refresh' as object_type,
    m.view_name::text as object_name,
    'no materialized view of that name' as observed,
    'one record a materialized view' as expected,
    coalesce('last refreshed on ' || pg_catalog.date_trunc('second', m.last_refreshed at time zone 'UTC')::text || ' UTC', '') as detail,
    'delete from public.materialized_view_metadata where view_name = ' || pg_catalog.quote_literal(m.view_name) as remediation
from public.materialized_view_metadata as m
where not exists (select from known where known.view_name = m.view_name)
order by m.view_name collate "C"
