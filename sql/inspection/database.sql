-- What it answers: what is the database called, which server is it, and by which time zone do its sessions go?
-- Columns: database, version, timezone (as the database or the server sets it, whatever this session does).
-- Minimum version: 13.
select
    pg_catalog.current_database()::text as database,
    pg_catalog.current_setting('server_version') as version,
    coalesce(
        (
            select pg_catalog.substr(setting.text, 10)
            from pg_catalog.pg_db_role_setting as s
            join pg_catalog.pg_database as d on d.oid = s.setdatabase and d.datname = pg_catalog.current_database()
            cross join lateral pg_catalog.unnest(s.setconfig) as setting (text)
            where s.setrole = 0 and pg_catalog.lower(setting.text) like 'timezone=%%'
            limit 1
        ),
        (select s.reset_val from pg_catalog.pg_settings as s where s.name = 'TimeZone')
    ) as timezone
order by 1
