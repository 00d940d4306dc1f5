-- What it answers: what one table or materialized view needs of ANALYZE, and what the server has noted of it. Takes no lock.
-- Columns: counting (whether the server counts at all), rows, modified_rows, analyses, last_analyze, unknown (no analyze is
-- noted: there was none, or a crash has forgotten it), missing (it holds rows, and the planner has no statistics of them)
-- Parameters: oid; {unknown} is maintenance/analyze_missing_statistics
-- Minimum version: 13
select
    pg_catalog.current_setting('track_counts')::boolean as counting,
    greatest(pg_catalog.pg_stat_get_live_tuples(c.oid), 0) as rows,
    pg_catalog.pg_stat_get_mod_since_analyze(c.oid) as modified_rows,
    pg_catalog.pg_stat_get_analyze_count(c.oid) + pg_catalog.pg_stat_get_autoanalyze_count(c.oid) as analyses,
    pg_catalog.to_char(noted.last at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last_analyze,
    noted.last is null as unknown,
    exists (
        select
        from (
            {unknown}
        ) as without
        where without.oid = c.oid
    ) as missing
from pg_catalog.pg_class as c
cross join lateral (
    select greatest(
        pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)
    ) as last
) as noted
where c.oid = %(oid)s::bigint::oid
order by c.oid
