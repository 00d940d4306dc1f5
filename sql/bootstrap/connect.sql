-- What it answers: which statement lets the login role connect to this database, where it may not?
-- Columns: statement.
-- Minimum version: 13.
select pg_catalog.format('grant connect on database %%I to %%I', pg_catalog.current_database(), %(login)s) as statement
where not coalesce(
    (
        select pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
        from pg_catalog.pg_roles as r
        where r.rolname = %(login)s
    ),
    pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'connect')
)
