-- What it answers: which materialized views hold nothing, so that whoever reads them gets an error?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; {ours}, {known}
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
    'not populated' as observed,
    'populated' as expected,
    'a query that reads it fails' as detail,
    'refresh materialized view ' || known.ident as remediation
from ours
join known on known.oid = ours.oid
join pg_catalog.pg_class as c on c.oid = known.oid
where not c.relispopulated
order by known.ident
