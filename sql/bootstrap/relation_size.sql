-- What it does: creates the history of sizes (bytes, of a table or a whole family of partitions) that growth is read from.
-- Minimum version: 13.
create table if not exists steward.relation_size (
    relation text not null,
    taken_at timestamptz not null,
    size bigint not null,
    primary key (relation, taken_at)
)
