-- What it answers: where is pg_stat_statements, does its version have the columns that are read, and may all rows be seen?
-- Columns: schema, current (1.8 or later), readable
-- Minimum version: 13
select
    n.nspname::text as schema,
    pg_catalog.string_to_array(e.extversion, '.')::integer[] >= array[1, 8] as current,
    pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage') as readable
from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
where e.extname = 'pg_stat_statements'
order by 1
