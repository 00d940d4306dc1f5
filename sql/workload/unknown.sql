-- What it answers: nothing, in the columns of workload/statements, where statements cannot be read.
-- Columns: those of workload/statements
-- Minimum version: 13
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
where %(ours)s::text[] is null
