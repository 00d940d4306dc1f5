-- What it does: runs the statements that the query answers; which ones depends on what stands in this database.
-- Minimum version: 13.
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
$bootstrap$
