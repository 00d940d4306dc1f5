-- What it answers: which partitioned tables are too large for the server's lock table, so that a statement over all of one (a
-- query without the partition key, an ANALYZE of the parent, a count of what a rule reaches) fails with "out of shared memory"?
-- Such a statement locks every partition and every index of each.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: those of inventory/included; {ours} is inventory/included.
-- Minimum version: 13.
with ours as (
    {ours}
),
capacity as (
    select
        pg_catalog.current_setting('max_locks_per_transaction')::bigint as each,
        pg_catalog.current_setting('max_connections')::bigint
            + pg_catalog.current_setting('max_prepared_transactions')::bigint as times
),
indexed as (
    select i.indrelid as oid, pg_catalog.count(*) as indexes
    from pg_catalog.pg_index as i
    group by i.indrelid
),
trees as (
    select ours.root, (pg_catalog.count(*) + coalesce(pg_catalog.sum(indexed.indexes), 0))::bigint as locks
    from ours
    left join indexed on indexed.oid = ours.oid
    group by ours.root
)
select
    'table' as object_type,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(root.relname) as object_name,
    trees.locks || ' relations' as observed,
    'at most ' || capacity.each * capacity.times as expected,
    'a statement over all of it may lock that many, and the lock table has room for max_locks_per_transaction = '
        || capacity.each || ' times ' || capacity.times || ' sessions, all of them together' as detail,
    'set max_locks_per_transaction to ' || pg_catalog.ceil(trees.locks * 1.25 / capacity.times)
        || ' or more and restart the server, or keep fewer partitions' as remediation
from trees
cross join capacity
join pg_catalog.pg_class as root on root.oid = trees.root
join pg_catalog.pg_namespace as n on n.oid = root.relnamespace
where trees.locks > capacity.each * capacity.times
order by object_name
