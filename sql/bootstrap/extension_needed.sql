-- What it answers: is the extension absent from this database?
-- Columns: needed.
-- Minimum version: 13.
select not exists (
    select
    from pg_catalog.pg_extension as e
    where e.extname = %(extension)s
) as needed
