-- What it answers: when was the last snapshot taken, how much does it hold, and had the counters begun anew since the one
-- before it?
-- Columns: taken_at, age (seconds), sizes, tables, indexes, statements, begun_anew
-- Minimum version: 13
select
    pg_catalog.to_char(d.taken_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as taken_at,
    extract(epoch from pg_catalog.clock_timestamp() - d.taken_at)::double precision as age,
    (select pg_catalog.count(*) from steward.relation_size as s where s.taken_at = d.taken_at) as sizes,
    (select pg_catalog.count(*) from steward.table_counters as t where t.taken_at = d.taken_at) as tables,
    (select pg_catalog.count(*) from steward.index_counters as i where i.taken_at = d.taken_at) as indexes,
    (select pg_catalog.count(*) from steward.statement_counters as s where s.taken_at = d.taken_at) as statements,
    d.begun_anew
from steward.database_counters as d
order by d.taken_at desc
limit 1
