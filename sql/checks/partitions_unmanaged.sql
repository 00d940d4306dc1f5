-- What it answers: which families by range get no coming partitions from this suite, and why not?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: families, a JSON array of objects with oid, reason and remedy (NULL where it is managed); those of
-- inventory/included; {partitions} is inventory/partitions
-- Minimum version: 13
with members as (
    {partitions}
)
select distinct
    'family' as object_type,
    m.table_ident as object_name,
    e.reason as observed,
    'one column of time, and a day, week, month, quarter or year a partition' as expected,
    'no partition is made for what is to come, and gaps are not looked for' as detail,
    e.remedy as remediation
from members as m
join pg_catalog.jsonb_to_recordset(%(families)s::jsonb) as e (oid bigint, reason text, remedy text) on e.oid = m.table_oid
where e.reason is not null
order by object_name
