-- What it answers: may those who monitor not read the table?
-- Columns: needed.
-- Minimum version: 13.
select not coalesce(
    pg_catalog.has_table_privilege('pg_monitor', pg_catalog.to_regclass(%(relation)s), 'select'),
    false
) as needed
