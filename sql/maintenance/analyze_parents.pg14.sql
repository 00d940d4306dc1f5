-- What partitioned tables need of ANALYZE. From 14 on.
-- Minimum version: 14

-- fragment: analyses
-- What it answers: how often a partitioned table was analyzed.
-- Columns: oid, analyses
select
    c.oid,
    pg_catalog.pg_stat_get_analyze_count(c.oid) + pg_catalog.pg_stat_get_autoanalyze_count(c.oid) as analyses
from pg_catalog.pg_class as c
where c.relkind = 'p'
