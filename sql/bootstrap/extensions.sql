-- Extensions that the suite requires, and those that it uses where the server has them.
-- Minimum version: 13

-- name: required_needed
-- What it answers: is the extension absent from this database?
-- Columns: needed.
select not exists (
    select
    from pg_catalog.pg_extension as e
    where e.extname = %(extension)s
) as needed;

-- name: create_required
-- What it does: creates an extension that the suite cannot do without.
create extension if not exists {extension};

-- name: wanted_needed
-- What it answers: does the server have the extension while this database does not?
-- Columns: needed.
select exists (
    select
    from pg_catalog.pg_available_extensions as a
    where a.name = %(extension)s
        and a.installed_version is null
) as needed;

-- name: create_wanted
-- What it does: creates an extension where the server can; one that is listed may still not load.
do $wanted$
begin
    create extension if not exists {extension};
exception
    when others then
        raise notice 'wanted extension %% cannot be created here: %%', %(extension)s, sqlerrm;
end
$wanted$;
