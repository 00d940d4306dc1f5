-- What server, database and role this is, with the settings that actions decide by (in the units of pg_settings).
-- Columns: version, version_text, system_identifier, database, role, in_recovery, settings, started_at, taken_at
-- Minimum version: 13
select
    pg_catalog.current_setting('server_version_num')::integer as version,
    pg_catalog.current_setting('server_version') as version_text,
    (select control.system_identifier::text from pg_catalog.pg_control_system() as control) as system_identifier,
    pg_catalog.current_database()::text as database,
    current_user::text as role,
    pg_catalog.pg_is_in_recovery() as in_recovery,
    (
        select pg_catalog.jsonb_object_agg(s.name, s.setting)
        from pg_catalog.pg_settings as s
        where s.name like 'autovacuum%%'
            or s.name like 'vacuum%%'
            or s.name in ('block_size', 'data_checksums', 'server_encoding', 'track_counts', 'wal_level')
    ) as settings,
    pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as started_at,
    pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as taken_at
order by 1
