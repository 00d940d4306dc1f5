-- What it answers: how often a partitioned table was analyzed. 13 notes nothing of the parent itself, but its partitions are
-- analyzed along with it. A part {analyses} of maintenance/analyze_parents, whose edges it reads.
-- Columns: oid, analyses
-- Minimum version: 13
select
    edges.parent as oid,
    pg_catalog.sum(
        pg_catalog.pg_stat_get_analyze_count(edges.leaf) + pg_catalog.pg_stat_get_autoanalyze_count(edges.leaf)
    )::bigint as analyses
from edges
group by edges.parent
