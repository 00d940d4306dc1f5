-- What it answers: what does a session that builds or drops an index concurrently do, and for whom does it wait?
-- Columns: phase (NULL before it has its table), percent, lock (the kind it waits for, NULL while it works), holders
-- Parameters: pid
-- Minimum version: 13
select
    p.phase,
    pg_catalog.round(
        100.0 * case when p.blocks_total > 0 then p.blocks_done else p.tuples_done end
        / nullif(case when p.blocks_total > 0 then p.blocks_total else p.tuples_total end, 0)
    )::integer as percent,
    case when a.wait_event_type = 'Lock' then a.wait_event end as lock,
    coalesce(
        (
            select pg_catalog.string_agg(
                case
                    when h.pid is null then 'a prepared transaction (see pg_prepared_xacts; commit it or roll it back)'
                    else 'pid ' || h.pid || ' (' || coalesce(nullif(h.application_name, ''), 'unnamed') || ', '
                        || coalesce(h.state, 'unknown') || '), in a transaction for '
                        || coalesce(pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - h.xact_start)::text, 'an unknown time')
                        || ' (to end it: select pg_terminate_backend(' || h.pid || '))'
                end,
                '; ' order by h.xact_start, h.pid
            )
            from pg_catalog.unnest(case when a.wait_event_type = 'Lock' then pg_catalog.pg_blocking_pids(a.pid) end) as blocking (pid)
            left join pg_catalog.pg_stat_activity as h on h.pid = blocking.pid
        ),
        ''
    ) as holders
from pg_catalog.pg_stat_activity as a
left join pg_catalog.pg_stat_progress_create_index as p on p.pid = a.pid
where a.pid = %(pid)s
order by a.pid
