-- At most one row.
-- Minimum version: 13.
create unique index schema_version_one_row on public.schema_version ((true));
