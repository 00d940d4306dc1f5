-- What partitioned tables need of ANALYZE.
-- Minimum version: 13

-- name: needs
-- What it answers: how much has changed in each partitioned table's leaves, of whatever depth, since the suite has analyzed
-- it? The server never analyzes such tables by itself and counts nothing of them; so the suite remembers what the leaves'
-- counters said. Rows of a leaf that is new, gone or emptied since have changed, too. Takes no lock.
-- Columns: oid, counting, rows, modified_rows, analyses, last_analyze, unknown (never analyzed by the suite, or the counters
-- have begun anew since), missing (there are rows, and no statistics of the whole)
-- Parameters: oid, NULL for all; {analyses} is maintenance/analyze_parents/analyses, {counted_since} is ledger/counted_since
with recursive edges as (
    select i.inhparent as parent, i.inhrelid as leaf
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid and c.relispartition
    union all
    select i.inhparent, edges.leaf
    from edges
    join pg_catalog.pg_inherits as i on i.inhrelid = edges.parent
),
remembered as (
    select
        a.relation as parent,
        known.leaf,
        known.modifications,
        known.live_rows,
        a.counted_since is distinct from ({counted_since}) as anew
    from steward.analyzed as a
    cross join lateral rows from (
        pg_catalog.unnest(a.leaves), pg_catalog.unnest(a.modifications), pg_catalog.unnest(a.live_rows)
    ) as known (leaf, modifications, live_rows)
),
present as (
    select
        edges.parent,
        c.oid as leaf,
        greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), c.reltuples::bigint, 0) as live_rows,
        pg_catalog.pg_stat_get_live_tuples(c.oid) as counted_rows,
        pg_catalog.pg_stat_get_tuples_inserted(c.oid)
            + pg_catalog.pg_stat_get_tuples_updated(c.oid)
            + pg_catalog.pg_stat_get_tuples_deleted(c.oid) as modifications
    from edges
    join pg_catalog.pg_class as c on c.oid = edges.leaf and c.relkind = 'r'
),
changed as (
    select
        coalesce(present.parent, remembered.parent) as parent,
        coalesce(present.live_rows, 0) as live_rows,
        coalesce(present.counted_rows, 0) as counted_rows,
        case
            when present.leaf is null then remembered.live_rows
            when remembered.leaf is null then greatest(present.modifications, present.live_rows)
            when present.live_rows = 0 then greatest(present.modifications - remembered.modifications, remembered.live_rows)
            else greatest(present.modifications - remembered.modifications, 0)
        end as modified_rows,
        coalesce(present.modifications < remembered.modifications, false) or coalesce(remembered.anew, false) as anew
    from present
    full join remembered on remembered.parent = present.parent and remembered.leaf = present.leaf
),
summed as (
    select
        changed.parent,
        pg_catalog.sum(changed.live_rows)::bigint as rows,
        pg_catalog.sum(changed.counted_rows) as counted_rows,
        pg_catalog.sum(changed.modified_rows)::bigint as modified_rows,
        pg_catalog.bool_or(changed.anew) as anew
    from changed
    group by changed.parent
),
counted as (
    {analyses}
)
select
    c.oid::bigint as oid,
    pg_catalog.current_setting('track_counts')::boolean as counting,
    coalesce(summed.rows, 0) as rows,
    coalesce(summed.modified_rows, 0) as modified_rows,
    coalesce(counted.analyses, 0) as analyses,
    pg_catalog.to_char(
        greatest(a.analyzed_at, pg_catalog.pg_stat_get_last_analyze_time(c.oid)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    ) as last_analyze,
    a.relation is null or coalesce(summed.anew, false) as unknown,
    -- Rows that are only estimated may be gone, and an ANALYZE that finds none leaves no statistics: it would be due for ever.
    coalesce(summed.counted_rows, 0) > 0
        and pg_catalog.has_table_privilege(c.oid, 'select')
        and not pg_catalog.row_security_active(c.oid)
        and exists (
            select
            from pg_catalog.pg_attribute as t
            where t.attrelid = c.oid
                and t.attnum > 0
                and not t.attisdropped
                and t.attgenerated <> 'v'
                and coalesce(t.attstattarget, -1) <> 0
        )
        and not exists (
            select
            from pg_catalog.pg_stats as s
            where s.schemaname = n.nspname
                and s.tablename = c.relname
                and s.inherited
        ) as missing
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
left join summed on summed.parent = c.oid
left join counted on counted.oid = c.oid
left join steward.analyzed as a on a.relation = c.oid
where c.relkind = 'p'
    and c.oid = coalesce(%(oid)s::bigint::oid, c.oid)
order by c.oid;

-- fragment: analyses
-- What it answers: how often a partitioned table was analyzed. 13 notes nothing of the parent itself, but its partitions are
-- analyzed along with it. A part {analyses} of maintenance/analyze_parents/needs, whose edges it reads.
-- Columns: oid, analyses
select
    edges.parent as oid,
    pg_catalog.sum(
        pg_catalog.pg_stat_get_analyze_count(edges.leaf) + pg_catalog.pg_stat_get_autoanalyze_count(edges.leaf)
    )::bigint as analyses
from edges
group by edges.parent
