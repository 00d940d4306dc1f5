-- What it does: copies what the profile includes for monitor_storage_growth(); writes only what differs.
-- Parameters: profile; those of inventory/ours.
-- Minimum version: 13.
insert into steward.scope as known (profile, schemas, exclude)
values (%(profile)s, %(schemas)s::text[], %(exclude)s::text[])
on conflict (only_row) do update set
    profile = excluded.profile,
    schemas = excluded.schemas,
    exclude = excluded.exclude
where (known.*) is distinct from (excluded.*)
