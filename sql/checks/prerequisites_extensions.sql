-- What it answers: which extensions that the suite needs are not in this database?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: required, an array.
-- Minimum version: 13.
select
    'extension' as object_type,
    required.name as object_name,
    case when a.name is null then 'not available on the server' else 'not created' end as observed,
    'created in this database' as expected,
    'measurements come from it' as detail,
    case when a.name is null then 'install the server''s contrib package; then: ' else '' end
        || pg_catalog.format('create extension %%I', required.name) as remediation
from pg_catalog.unnest(%(required)s::text[]) as required (name)
left join pg_catalog.pg_available_extensions as a on a.name = required.name
where not exists (
    select
    from pg_catalog.pg_extension as e
    where e.extname = required.name
)
order by required.name collate "C"
