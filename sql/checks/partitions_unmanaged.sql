-- What it answers: which families by range get no coming partitions from this suite, and why not?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: families, a JSON array of objects with oid and until (NULL where it is not managed); those of
-- inventory/ours; {partitions} is inventory/partitions
-- Minimum version: 13
with members as (
    {partitions}
)
select
    'family' as object_type,
    m.table_ident as object_name,
    case
        when pg_catalog.cardinality(m.key_types) > 1 then 'a key of several columns'
        when m.key_types[1] not in ('date', 'timestamp without time zone', 'timestamp with time zone')
            then 'a range over ' || m.key_types[1]
        when pg_catalog.bool_or(m.is_partitioned) then 'partitions that are partitioned themselves'
        when pg_catalog.count(m.oid) = 0 then 'no partition to learn the period from'
        else 'bounds that are no day, week, month, quarter or year'
    end as observed,
    'leaves over one date or timestamp, a day, week, month, quarter or year each' as expected,
    'no partition is made for what is to come, and gaps are not looked for' as detail,
    'make a first partition, or say that somebody else does: [partitions] exclude in the profile' as remediation
from members as m
join pg_catalog.jsonb_to_recordset(%(families)s::jsonb) as e (oid bigint, until timestamptz) on e.oid = m.table_oid
where e.until is null
group by m.table_ident, m.key_types
order by m.table_ident
