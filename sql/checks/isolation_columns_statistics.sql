-- What it answers: which of the application's roles may read the statistics themselves, past the views that hide them?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles
-- Minimum version: 13
select
    'role' as object_type,
    pg_catalog.quote_ident(r.rolname) as object_name,
    'may read ' || pg_catalog.string_agg(c.ident, ', ' order by c.ident) as observed,
    'pg_stats and pg_stats_ext, which leave out tables with row-level security' as expected,
    'the most common values of every column, of all tenants, stand in there' as detail,
    case
        when pg_catalog.bool_or(reader.oid is not null) then pg_catalog.format('revoke pg_read_all_data from %%I', r.rolname)
        else pg_catalog.format('revoke select on %%s from public, %%I', pg_catalog.string_agg(c.ident, ', ' order by c.ident), r.rolname)
    end as remediation
from pg_catalog.pg_roles as r
cross join lateral (
    select s.oid, 'pg_catalog.' || s.relname as ident
    from pg_catalog.pg_class as s
    where s.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
        and s.relname in ('pg_statistic', 'pg_statistic_ext_data')
        and pg_catalog.has_any_column_privilege(r.oid, s.oid, 'select')
) as c
-- From 14 on.
left join pg_catalog.pg_roles as reader
    on reader.rolname = 'pg_read_all_data' and pg_catalog.pg_has_role(r.oid, reader.oid, 'usage')
where r.rolname = any (%(roles)s::text[])
    and not r.rolsuper
group by r.rolname
order by object_name
