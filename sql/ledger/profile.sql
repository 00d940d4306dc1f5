-- The copy of the profile that monitor_storage_growth() reads.
-- Minimum version: 13

-- name: copy_scope
-- What it does: copies what the profile includes for monitor_storage_growth(); writes only what differs.
-- Parameters: profile; those of inventory/included.
insert into steward.scope as known (profile, schemas, exclude)
values (%(profile)s, %(schemas)s::text[], %(exclude)s::text[])
on conflict (only_row) do update set
    profile = excluded.profile,
    schemas = excluded.schemas,
    exclude = excluded.exclude
where (known.*) is distinct from (excluded.*);

-- name: copy_thresholds
-- What it does: copies the profile's growth figures for monitor_storage_growth(); writes only what differs.
-- Parameters: rows, a JSON array of objects with the table's columns.
insert into steward.growth_threshold as known (
    relation, threshold, per_month, critical_per_month, warning_days, critical_days, measured_over
)
select
    said.relation, said.threshold, said.per_month, said.critical_per_month, said.warning_days, said.critical_days,
    said.measured_over
from pg_catalog.jsonb_to_recordset(%(rows)s::pg_catalog.jsonb) as said (
    relation text,
    threshold bigint,
    per_month bigint,
    critical_per_month bigint,
    warning_days integer,
    critical_days integer,
    measured_over interval
)
order by said.relation collate "C"
on conflict (relation) do update set
    threshold = excluded.threshold,
    per_month = excluded.per_month,
    critical_per_month = excluded.critical_per_month,
    warning_days = excluded.warning_days,
    critical_days = excluded.critical_days,
    measured_over = excluded.measured_over
where (known.*) is distinct from (excluded.*);

-- name: forget_thresholds
-- What it does: takes away growth figures that the profile no longer has.
-- Parameters: relations, an array of those that it has.
delete from steward.growth_threshold as known
where known.relation <> all (%(relations)s::text[]);
