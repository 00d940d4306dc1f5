-- What it answers: which server process serves this session? It changes between statements behind a pooler.
-- Columns: pid.
-- Minimum version: 13.
select pg_catalog.pg_backend_pid() as pid
