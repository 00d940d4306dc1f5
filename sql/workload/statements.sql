-- The figures of pg_stat_statements.
-- Minimum version: 13

-- name: extension
-- What it answers: where is pg_stat_statements, does its version have the columns that are read, and may all rows be seen?
-- Columns: schema, current (1.8 or later), readable
select
    n.nspname::text as schema,
    pg_catalog.string_to_array(e.extversion, '.')::integer[] >= array[1, 8] as current,
    pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') as readable
from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'
order by 1;

-- name: loaded
-- What it answers: whether the server has loaded the extension; one that has not says so in an error.
-- Columns: loaded
-- Parameters: {schema} is the extension's
select exists (select from {schema}.pg_stat_statements(false)) as loaded;

-- name: figures
-- What it answers: how often and how long has each statement run in this database, whoever ran it? The texts are not even
-- read. Several users' figures of one statement are one: their deviations are pooled. What the roles in {ours} ran is left out:
-- maintenance is no workload.
-- Columns: queryid, toplevel (always true before version 1.9 of the extension), calls, rows, total_time, mean_time,
-- stddev_time, min_time, max_time (milliseconds)
-- Parameters: ours, an array of roles; {schema} is the extension's
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
group by 1, 2;

-- name: no_figures
-- What it answers: nothing, in the columns of workload/statements/figures, where statements cannot be read.
-- Columns: those of workload/statements/figures
select
    null::bigint as queryid,
    null::boolean as toplevel,
    null::bigint as calls,
    null::bigint as rows,
    null::double precision as total_time,
    null::double precision as mean_time,
    null::double precision as stddev_time,
    null::double precision as min_time,
    null::double precision as max_time
where %(ours)s::text[] is null;
