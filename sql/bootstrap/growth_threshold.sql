-- What it does: creates the copy of the profile's growth figures; relation '*' is for every table without a row of its own.
-- Minimum version: 13.
create table if not exists steward.growth_threshold (
    relation text primary key,
    threshold bigint not null,
    per_month bigint not null,
    critical_per_month bigint not null,
    warning_days integer not null,
    critical_days integer not null,
    measured_over interval not null
)
