-- What it answers: which server process serves this session? Behind a pooler not the one that the client was told of.
-- Columns: pid.
-- Minimum version: 13.
select pg_catalog.pg_backend_pid() as pid
