-- What it does: creates the history of the tables' counters, a family of partitions as one.
-- Minimum version: 13.
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
)
