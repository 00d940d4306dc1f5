-- At most one row.
create unique index schema_version_one_row on public.schema_version ((true));
