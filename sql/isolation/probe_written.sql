-- Whether the transaction has written anything: only then has it an id.
-- Columns: written
-- Minimum version: 13
select pg_catalog.pg_current_xact_id_if_assigned() is not null as written
