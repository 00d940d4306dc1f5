-- What it answers: which columns of the tables that operators query are not there, or of another type?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Minimum version: 13.
select
    'column' as object_type,
    'public.' || needs.name || '.' || needs.attribute as object_name,
    coalesce(pg_catalog.format_type(a.atttypid, null), 'absent') as observed,
    needs.type as expected,
    'the suite writes it, and operators'' alert queries read it' as detail,
    'rename the table that is in the way, and run nox -s bootstrap' as remediation
from (
    values
    ('maintenance_log', 'id', 'integer'),
    ('maintenance_log', 'maintenance_type', 'character varying'),
    ('maintenance_log', 'started_at', 'timestamp with time zone'),
    ('maintenance_log', 'completed_at', 'timestamp with time zone'),
    ('maintenance_log', 'details', 'jsonb'),
    ('maintenance_log', 'created_at', 'timestamp with time zone'),
    ('materialized_view_metadata', 'view_name', 'character varying'),
    ('materialized_view_metadata', 'last_refreshed', 'timestamp with time zone'),
    ('materialized_view_metadata', 'records_processed', 'bigint'),
    ('materialized_view_metadata', 'refresh_duration_seconds', 'numeric'),
    ('materialized_view_metadata', 'updated_at', 'timestamp with time zone')
) as needs (name, attribute, type)
join pg_catalog.pg_namespace as n on n.nspname = 'public'
left join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = needs.name
left join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = needs.attribute and not a.attisdropped
where pg_catalog.format_type(a.atttypid, null) is distinct from needs.type
    -- A wider type than the suite's own takes everything that it writes.
    and not (needs.type = 'integer' and pg_catalog.format_type(a.atttypid, null) = 'bigint')
    and not (needs.type = 'character varying' and pg_catalog.format_type(a.atttypid, null) = 'text')
order by object_name
