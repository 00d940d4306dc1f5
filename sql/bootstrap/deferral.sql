-- What it does: creates the count of deferrals in a row, so that nothing starves in silence.
-- Minimum version: 13.
create table if not exists steward.deferral (
    object text primary key,
    times integer not null check (times > 0),
    since timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp()
)
