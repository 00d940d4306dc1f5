-- The frame of the bootstrap script: each requirement runs only where it is missing.
-- Minimum version: 13

-- name: begin
-- What it does: makes the script all or nothing.
begin;

-- name: lock
-- What it does: lets a second bootstrap of the same database wait for the first.
do $bootstrap$
begin
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('steward bootstrap', 0));
end
$bootstrap$;

-- name: needed
-- What it answers: which of the suite's requirements are not met? One boolean a requirement, in their order.
-- Columns: needed, an array.
select array[
    {conditions}
] as needed;

-- name: run_where_needed
-- What it does: runs the statements where they are needed, so that the script can be run again.
do $bootstrap$
begin
    if ({needed}) then
        {statements}
    end if;
end
$bootstrap$;

-- name: run_derived
-- What it does: runs the statements that the query answers; which ones depends on what stands in this database.
do $bootstrap$
declare
    missing text;
begin
    for missing in
        {query}
    loop
        raise notice '%%', missing;
        execute missing;
    end loop;
end
$bootstrap$;

-- name: commit
-- What it does: ends the script.
commit;
