-- What it does: creates what is remembered of large indexes: measured when, at which size, how much of it was waste, what
-- it needs a row, and whether that was right after a rebuild. definition tells another index of the same name.
-- Minimum version: 13.
create table if not exists steward.index_bloat (
    index text primary key,
    definition text not null,
    measured_at timestamptz not null,
    size bigint not null,
    bloat double precision,
    ratio double precision,
    changes bigint not null,
    rebuilt boolean not null
)
