-- Foreign keys do not look: how the orphans came about; needs a superuser.
-- Minimum version: 13.
set session_replication_role = replica
