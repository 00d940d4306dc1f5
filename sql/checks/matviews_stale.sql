-- What it answers: which materialized views show content that is older than it may be, by the record of their refreshes?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; rules, a JSON array of objects with ident ('*' for all others), staleness, critical;
-- critical, which of both kinds is asked for; {ours}, {known}
-- Minimum version: 13
with ours as (
    {ours}
),
known as (
    {known}
),
rules as (
    select *
    from pg_catalog.jsonb_to_recordset(%(rules)s::pg_catalog.jsonb) as rule (ident text, staleness text, critical boolean)
),
aged as (
    select
        known.ident,
        m.last_refreshed,
        coalesce(own.staleness, other.staleness)::interval as staleness,
        coalesce(own.critical, other.critical) as critical
    from ours
    join known on known.oid = ours.oid
    left join rules as own on own.ident = known.ident
    left join rules as other on other.ident = '*'
    left join public.materialized_view_metadata as m on m.view_name = known.view_name
)
select
    'materialized view' as object_type,
    aged.ident as object_name,
    coalesce(
        'refreshed ' || pg_catalog.date_trunc('second', pg_catalog.now() - aged.last_refreshed)::text || ' ago',
        'no refresh on record'
    ) as observed,
    'refreshed in the last ' || aged.staleness::text as expected,
    coalesce('last on ' || pg_catalog.date_trunc('second', aged.last_refreshed at time zone 'UTC')::text || ' UTC', '') as detail,
    'run nox -s daily, and look at the item matviews of the last run' as remediation
from aged
where aged.critical = %(critical)s
    and coalesce(aged.last_refreshed < pg_catalog.now() - aged.staleness, true)
order by aged.ident
