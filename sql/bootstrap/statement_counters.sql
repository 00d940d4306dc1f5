-- What it does: creates the history of the costliest statements by their number; no text of any. Times are milliseconds.
-- Minimum version: 13.
create table if not exists steward.statement_counters (
    queryid bigint not null,
    toplevel boolean not null,
    taken_at timestamptz not null,
    calls bigint not null,
    rows bigint not null,
    total_time double precision not null,
    mean_time double precision not null,
    stddev_time double precision not null,
    min_time double precision not null,
    max_time double precision not null,
    primary key (queryid, toplevel, taken_at)
)
