-- What it answers: for which time does a family over time have no partition that takes and shows its rows? Holes between
-- partitions, periods to come, and partitions that a detach has left half way. By bounds, never by names.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: families, a JSON array of objects with oid, since (NULL: from the first partition on), until (NULL where it is
-- not managed) and microseconds (what one of its numbers means, NULL where its bounds are times); those of inventory/included;
-- {partitions} is inventory/partitions
-- Minimum version: 13
with members as (
    {partitions}
),
spans as (
    select
        m.table_oid,
        m.table_ident,
        m.ident,
        m.detach_pending,
        e.until at time zone 'UTC' as until,
        greatest(pg_catalog.now(), e.since) at time zone 'UTC' as present,
        case
            when e.microseconds is null then coalesce(m.lower::timestamp, '-infinity')
            else coalesce(
                pg_catalog.to_timestamp(greatest(least(m.lower::float8 * e.microseconds / 1000000, 253402300799), -62135596800))
                    at time zone 'UTC',
                '-infinity'
            )
        end as lower,
        case
            when e.microseconds is null then coalesce(m.upper::timestamp, 'infinity')
            else coalesce(
                pg_catalog.to_timestamp(greatest(least(m.upper::float8 * e.microseconds / 1000000, 253402300799), -62135596800))
                    at time zone 'UTC',
                'infinity'
            )
        end as upper
    from members as m
    join pg_catalog.jsonb_to_recordset(%(families)s::jsonb)
        as e (oid bigint, since timestamptz, until timestamptz, microseconds bigint) on e.oid = m.table_oid
    where e.until is not null and not m.is_default
),
ordered as (
    select
        s.table_oid,
        s.table_ident,
        s.until,
        s.present,
        pg_catalog.max(s.upper) over (
            partition by s.table_oid order by s.lower rows between unbounded preceding and 1 preceding
        ) as covered,
        s.lower
    from spans as s
    union all
    -- The end that is wanted is one more bound to reach, and so is the present, where everything begins later.
    select s.table_oid, s.table_ident, s.until, s.present, pg_catalog.max(s.upper), s.until
    from spans as s
    group by s.table_oid, s.table_ident, s.until, s.present
    union all
    select s.table_oid, s.table_ident, s.until, s.present, s.present, pg_catalog.min(s.lower)
    from spans as s
    group by s.table_oid, s.table_ident, s.until, s.present
),
holes as (
    select
        o.table_oid,
        o.table_ident,
        o.until,
        o.covered as lower,
        least(o.lower, o.until) as upper,
        o.lower > o.present as coming
    from ordered as o
    where o.covered < least(o.lower, o.until)
)
select
    'family' as object_type,
    h.table_ident as object_name,
    'no partition from ' || h.lower::text || ' to ' || h.upper::text || ' UTC' as observed,
    'partitions without a gap until ' || h.until::text || ' UTC' as expected,
    case
        when exists (select from members as m where m.table_oid = h.table_oid and m.is_default)
            then 'rows of that time go to the default partition'
        else 'rows of that time are refused'
    end as detail,
    case
        when h.coming then 'the item partitions of the daily run makes it; see there why it did not'
        else 'it is over: create it by hand if rows of that time still come, else excuse it in the profile'
    end as remediation
from holes as h
union all
select
    'partition',
    s.ident,
    'being detached from ' || s.table_ident,
    'attached or detached',
    'its rows are not seen through the parent, and new ones of its time are refused',
    'once no detach is running: alter table ' || s.table_ident || ' detach partition ' || s.ident || ' finalize'
from spans as s
where s.detach_pending
order by object_name, observed
