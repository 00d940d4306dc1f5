-- The suite's own tables.
-- Minimum version: 13

-- name: maintenance_log
-- What it does: creates the log that operators' alert queries read: one row a run, one completed row an operation.
create table if not exists public.maintenance_log (
    id serial primary key,
    maintenance_type varchar(50) not null,
    started_at timestamptz not null,
    completed_at timestamptz,
    details jsonb default '{{}}',
    created_at timestamptz default now()
);

-- name: materialized_view_metadata
-- What it does: creates the record of materialized views' last refreshes.
create table if not exists public.materialized_view_metadata (
    view_name varchar(100) primary key,
    last_refreshed timestamptz,
    records_processed bigint,
    refresh_duration_seconds numeric,
    updated_at timestamptz default now()
);

-- name: intent
-- What it does: creates the record of what was about to be done; a row without an outcome was cut short.
-- Read by operators: outcome, figures
create table if not exists steward.intent (
    id bigint generated always as identity primary key,
    run_id text not null,
    item_id text not null,
    action text not null,
    object text not null,
    statement text not null,
    started_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    outcome text,
    figures jsonb not null default '{{}}',
    check ((settled_at is null) = (outcome is null))
);

-- name: deferral
-- What it does: creates the count of deferrals in a row, so that nothing starves in silence.
-- Read by operators: since, last_at
create table if not exists steward.deferral (
    object text primary key,
    times integer not null check (times > 0),
    since timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp()
);

-- name: legal_hold
-- What it does: creates the list of legal holds: no purge, archive, drop or erasure touches held rows.
-- tenant_id null: all tenants; predicate null: all rows; until null: until the row is taken away.
create table if not exists steward.legal_hold (
    id bigint generated always as identity primary key,
    tenant_id varchar(50),
    table_name text not null,
    predicate text,
    owner text not null,
    reason text not null,
    until timestamptz,
    created_at timestamptz not null default now()
);

-- name: relation_size
-- What it does: creates the history of sizes (bytes, of a table or a whole family of partitions) that growth is read from.
create table if not exists steward.relation_size (
    relation text not null,
    taken_at timestamptz not null,
    size bigint not null,
    primary key (relation, taken_at)
);

-- name: growth_threshold
-- What it does: creates the copy of the profile's growth figures; relation '*' is for every table without a row of its own.
create table if not exists steward.growth_threshold (
    relation text primary key,
    threshold bigint not null,
    per_month bigint not null,
    critical_per_month bigint not null,
    warning_days integer not null,
    critical_days integer not null,
    measured_over interval not null
);

-- name: scope
-- What it does: creates the copy of what the profile includes; one row.
create table if not exists steward.scope (
    only_row boolean primary key default true check (only_row),
    profile text not null,
    schemas text[] not null,
    exclude text[] not null
);

-- name: analyzed
-- What it does: creates what the suite remembers of each partitioned table that it has analyzed: the counters of its leaves
-- at that moment, which the server does not add up.
create table if not exists steward.analyzed (
    relation oid primary key,
    analyzed_at timestamptz not null,
    counted_since timestamptz,
    leaves oid[] not null,
    modifications bigint[] not null,
    live_rows bigint[] not null
);

-- name: index_bloat
-- What it does: creates what is remembered of large indexes: measured when, at which size, how much of it was waste, what
-- it needs a row, and whether that was right after a rebuild. definition tells another index of the same name.
create table if not exists steward.index_bloat (
    index text primary key,
    definition text not null,
    measured_at timestamptz not null,
    size bigint not null,
    bloat double precision,
    ratio double precision,
    changes bigint not null,
    rebuilt boolean not null
);

-- name: database_counters
-- What it does: creates the history of the database's own counters, one row a snapshot. Counters begin anew after a crash or a
-- reset: begun_anew then says that they cannot be compared with those before.
-- Read by weekly: server_started_at, rollbacks
create table if not exists steward.database_counters (
    taken_at timestamptz primary key,
    server_started_at timestamptz not null,
    counted_since timestamptz,
    begun_anew boolean not null,
    blocks_hit bigint not null,
    blocks_read bigint not null,
    temp_files bigint not null,
    temp_bytes bigint not null,
    deadlocks bigint not null,
    commits bigint not null,
    rollbacks bigint not null
);

-- name: table_counters
-- What it does: creates the history of the tables' counters, a family of partitions as one.
-- Read by weekly: sequential_scans, updated_rows, deleted_rows
create table if not exists steward.table_counters (
    relation text not null,
    taken_at timestamptz not null,
    leaves integer not null,
    sequential_scans bigint not null,
    inserted_rows bigint not null,
    updated_rows bigint not null,
    deleted_rows bigint not null,
    live_rows bigint not null,
    dead_rows bigint not null,
    modified_since_analyze bigint not null,
    primary key (relation, taken_at)
);

-- name: index_counters
-- What it does: creates the history of the indexes' scans, those of all partitions of an index as one.
-- Read by weekly: parts
create table if not exists steward.index_counters (
    index text not null,
    taken_at timestamptz not null,
    relation text not null,
    parts integer not null,
    scans bigint not null,
    primary key (index, taken_at)
);

-- name: statement_counters
-- What it does: creates the history of the costliest statements by their number; no text of any. Times are milliseconds.
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
);
