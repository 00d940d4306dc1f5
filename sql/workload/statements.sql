-- What it answers: how often and how long has each statement run in this database, whoever ran it? The texts are not even
-- read. Several users' figures of one statement are one: their deviations are pooled. What the roles in {ours} ran is left out:
-- maintenance is no workload.
-- Columns: queryid, toplevel (always true before version 1.9 of the extension), calls, rows, total_time, mean_time,
-- stddev_time, min_time, max_time (milliseconds)
-- Parameters: ours, an array of roles; {schema} is the extension's
-- Minimum version: 13
select
    s.queryid,
    coalesce((pg_catalog.to_jsonb(s.*) ->> 'toplevel')::boolean, true) as toplevel,
    pg_catalog.sum(s.calls)::bigint as calls,
    pg_catalog.sum(s.rows)::bigint as rows,
    pg_catalog.sum(s.total_exec_time) as total_time,
    pg_catalog.sum(s.total_exec_time) / pg_catalog.sum(s.calls)::double precision as mean_time,
    pg_catalog.sqrt(
        greatest(
            pg_catalog.sum(s.calls * (s.stddev_exec_time ^ 2 + s.mean_exec_time ^ 2)) / pg_catalog.sum(s.calls)::double precision
                - (pg_catalog.sum(s.total_exec_time) / pg_catalog.sum(s.calls)::double precision) ^ 2,
            0
        )
    ) as stddev_time,
    pg_catalog.min(s.min_exec_time) as min_time,
    pg_catalog.max(s.max_exec_time) as max_time
from {schema}.pg_stat_statements(false) as s
where s.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
    and s.queryid is not null
    and s.calls > 0
    and s.userid not in (select r.oid from pg_catalog.pg_roles as r where r.rolname = any (%(ours)s::text[]))
group by 1, 2
