-- What it answers: which default partitions hold rows? They slow down or prevent every partition that is to come, and
-- retention by partition never reaches them.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; {partitions} is inventory/partitions
-- Minimum version: 13
with members as (
    {partitions}
),
counted as (
    select
        m.ident,
        m.table_ident,
        c.reltuples,
        c.relpages,
        pg_catalog.pg_stat_get_live_tuples(c.oid) as live_rows
    from members as m
    join pg_catalog.pg_class as c on c.oid = m.oid::oid
    where m.is_default and not m.is_partitioned
)
select
    'partition' as object_type,
    counted.ident as object_name,
    'about ' || greatest(counted.live_rows, counted.reltuples::bigint) || ' rows' as observed,
    'no rows' as expected,
    'the default partition of ' || counted.table_ident || '; a partition for their time cannot be made while they are there'
        as detail,
    'rows of a coming period are moved when its partition is made; move the others by hand, or mend what writes them'
        as remediation
from counted
where greatest(counted.live_rows, counted.reltuples::bigint) > 0
order by counted.ident
