-- Foreign keys hold again.
-- Minimum version: 13.
reset session_replication_role
