-- What it answers: does the application's schema say a version, and is it one that the profile supports?
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Parameters: table ('' for a database that says none), minimum; {versions} answers the versions that the table holds.
-- Minimum version: 13.
with versions as (
    {versions}
),
said as (
    select
        pg_catalog.count(*) as rows,
        pg_catalog.min(versions.version) as version,
        coalesce(pg_catalog.bool_and(versions.version ~ '^\d{{1,9}}(\.\d{{1,9}})*$'), false) as readable
    from versions
)
select
    'table' as object_type,
    %(table)s::text as object_name,
    case
        when said.rows = 1 then 'version ' || said.version
        else said.rows || ' versions'
    end as observed,
    'one version, ' || %(minimum)s::text || ' or later' as expected,
    'rules, checks and partitions are written for that schema' as detail,
    'apply the application''s migrations, or correct application.version_table and application.version_minimum' as remediation
from said
where %(table)s::text <> ''
    and (
        said.rows <> 1
        or case
            when said.readable then
                pg_catalog.string_to_array(said.version, '.')::integer[]
                    < pg_catalog.string_to_array(%(minimum)s::text, '.')::integer[]
            else true
        end
    )
order by object_name
