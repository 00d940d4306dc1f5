-- What it does: copies the profile's growth figures for monitor_storage_growth(); writes only what differs.
-- Parameters: rows, a JSON array of objects with the table's columns.
-- Minimum version: 13.
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
where (known.*) is distinct from (excluded.*)
