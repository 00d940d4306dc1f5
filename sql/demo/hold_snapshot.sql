-- A transaction's snapshot, which CONCURRENTLY commands wait for.
-- columns: held
-- Minimum version: 13.
select true as held
