-- What it does: remembers what the leaves' counters say now that their parent was analyzed, and forgets parents that are gone.
-- Parameters: oid, the parent; {counted_since} is ledger/counted_since
-- Minimum version: 13
with recursive edges as (
    select i.inhrelid as oid
    from pg_catalog.pg_inherits as i
    where i.inhparent = %(oid)s::bigint::oid
    union all
    select i.inhrelid
    from edges
    join pg_catalog.pg_inherits as i on i.inhparent = edges.oid
),
leaves as (
    select
        c.oid,
        greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0) as live_rows,
        pg_catalog.pg_stat_get_tuples_inserted(c.oid)
            + pg_catalog.pg_stat_get_tuples_updated(c.oid)
            + pg_catalog.pg_stat_get_tuples_deleted(c.oid) as modifications
    from edges
    join pg_catalog.pg_class as c on c.oid = edges.oid and c.relkind = 'r'
),
forgotten as (
    delete from steward.analyzed as a
    where a.relation <> %(oid)s::bigint::oid
        and not exists (select from pg_catalog.pg_class as c where c.oid = a.relation)
)
insert into steward.analyzed as known (relation, analyzed_at, counted_since, leaves, modifications, live_rows)
select
    %(oid)s::bigint::oid,
    pg_catalog.clock_timestamp(),
    ({counted_since}),
    coalesce(pg_catalog.array_agg(leaves.oid order by leaves.oid), array[]::oid[]),
    coalesce(pg_catalog.array_agg(leaves.modifications order by leaves.oid), array[]::bigint[]),
    coalesce(pg_catalog.array_agg(leaves.live_rows order by leaves.oid), array[]::bigint[])
from leaves
on conflict (relation) do update set
    analyzed_at = excluded.analyzed_at,
    counted_since = excluded.counted_since,
    leaves = excluded.leaves,
    modifications = excluded.modifications,
    live_rows = excluded.live_rows
