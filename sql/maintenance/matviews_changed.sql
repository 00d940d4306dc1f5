-- What it answers: how many rows has this transaction added to the view, and how many has it left dead in it?
-- Columns: added, dead
-- Parameters: oid
-- Minimum version: 13
select
    pg_catalog.pg_stat_get_xact_tuples_inserted(%(oid)s::bigint::oid) as added,
    pg_catalog.pg_stat_get_xact_tuples_deleted(%(oid)s::bigint::oid)
    + pg_catalog.pg_stat_get_xact_tuples_updated(%(oid)s::bigint::oid) as dead
