-- A transaction's snapshot, which CONCURRENTLY commands wait for.
-- columns: held
select true as held
