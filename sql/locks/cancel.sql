-- What it does: cancels the statement of a session that acts for this run.
-- Columns: cancelled.
-- Minimum version: 13.
select pg_catalog.pg_cancel_backend(%(pid)s) as cancelled
