-- What it does: creates what the suite remembers of each partitioned table that it has analyzed: the counters of its leaves
-- at that moment, which the server does not add up.
-- Minimum version: 13.
create table if not exists steward.analyzed (
    relation oid primary key,
    analyzed_at timestamptz not null,
    counted_since timestamptz,
    leaves oid[] not null,
    modifications bigint[] not null,
    live_rows bigint[] not null
)
