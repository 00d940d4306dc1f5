-- Foreign keys do not look: how the orphans came about; needs a superuser.
set session_replication_role = replica
