-- What it does: records the statements that have cost most time in all, by their number; their texts may hold values.
-- Parameters: top, how many; those of workload/statements/figures, which is {statements}
-- Minimum version: 13
insert into steward.statement_counters (
    queryid, toplevel, taken_at, calls, rows, total_time, mean_time, stddev_time, min_time, max_time
)
select
    s.queryid, s.toplevel, pg_catalog.now(), s.calls, s.rows, s.total_time, s.mean_time, s.stddev_time, s.min_time, s.max_time
from (
    {statements}
) as s
order by s.total_time desc, s.queryid, s.toplevel
limit %(top)s
