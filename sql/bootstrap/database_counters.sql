-- What it does: creates the history of the database's own counters, one row a snapshot. Counters begin anew after a crash or a
-- reset: begun_anew then says that they cannot be compared with those before.
-- Minimum version: 13.
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
)
