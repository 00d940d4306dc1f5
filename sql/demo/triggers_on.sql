-- Foreign keys hold again.
reset session_replication_role
