-- What it does: creates the history of the indexes' scans, those of all partitions of an index as one.
-- Minimum version: 13.
create table if not exists steward.index_counters (
    index text not null,
    taken_at timestamptz not null,
    relation text not null,
    parts integer not null,
    scans bigint not null,
    primary key (index, taken_at)
)
