-- Which statements give a copy the settings that sessions of this database begin with, as far as policies can read them?
-- Columns: statement
-- Parameters: database, the copy's name; everywhere, whether those of roles in all databases are wanted, too
-- Minimum version: 13
select
    pg_catalog.format(
        'alter %%s set %%s = %%s',
        case
            when s.setrole = 0 then pg_catalog.format('database %%I', %(database)s::text)
            when s.setdatabase = 0 then pg_catalog.format('role %%I', r.rolname)
            else pg_catalog.format('role %%I in database %%I', r.rolname, %(database)s::text)
        end,
        (
            select pg_catalog.string_agg(pg_catalog.quote_ident(part.name), '.' order by part.place)
            from pg_catalog.unnest(pg_catalog.string_to_array(said.name, '.')) with ordinality as part (name, place)
        ),
        -- A list is kept as it was quoted.
        case when said.name = 'search_path' then said.value else pg_catalog.quote_literal(said.value) end
    ) as statement
from pg_catalog.pg_db_role_setting as s
join pg_catalog.pg_database as d on d.datname = pg_catalog.current_database()
left join pg_catalog.pg_roles as r on r.oid = s.setrole
cross join lateral (
    select
        pg_catalog.split_part(config.line, '=', 1) as name,
        pg_catalog.substr(config.line, pg_catalog.strpos(config.line, '=') + 1) as value
    from pg_catalog.unnest(s.setconfig) as config (line)
) as said
where (s.setdatabase = d.oid or (%(everywhere)s and s.setdatabase = 0 and s.setrole <> 0))
    -- Others would ask for libraries, files and sizes that another server may not have.
    and (pg_catalog.strpos(said.name, '.') > 0 or said.name in ('role', 'row_security', 'search_path'))
order by s.setrole, s.setdatabase, said.name
