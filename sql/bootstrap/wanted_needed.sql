-- What it answers: does the server have the extension while this database does not?
-- Columns: needed.
-- Minimum version: 13.
select exists (
    select
    from pg_catalog.pg_available_extensions as a
    where a.name = %(extension)s
        and a.installed_version is null
) as needed
