-- What it answers: which unique keys hold among all tenants, and tell nobody anything who does not know a random id? A note, no finding.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: column; those of inventory/included; {keys} is isolation/unique_keys
-- Minimum version: 13
with keys as (
    {keys}
)
select
    'not judged' as object_type,
    'keys of random ids' as object_name,
    pg_catalog.count(*) || ' unique keys among all tenants' as observed,
    'ids that nobody can guess' as expected,
    'a collision would tell of another tenant''s row only to who knows its random id: '
        || pg_catalog.array_to_string((pg_catalog.array_agg(keys.ident || ' (' || keys.columns || ')' order by keys.ident))[1:10], ', ')
        || case when pg_catalog.count(*) > 10 then ' and ' || pg_catalog.count(*) - 10 || ' more' else '' end as detail,
    'none, as long as the ids are random' as remediation
from keys
where keys.secret
having pg_catalog.count(*) > 0
order by object_name
