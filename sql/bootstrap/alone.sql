-- What it does: lets a second bootstrap of the same database wait for the first.
-- Minimum version: 13.
do $bootstrap$
begin
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('steward bootstrap', 0));
end
$bootstrap$
