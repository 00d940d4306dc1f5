-- Replication slots with what only some versions can answer: why one was invalidated, and since when nobody reads it.
-- Columns: name, active, active_pid, restart_lsn, wal_status, safe_wal_size, reason, unread_since
-- Minimum version: 16
select
    s.slot_name::text as name,
    s.active,
    s.active_pid,
    s.restart_lsn,
    s.wal_status,
    s.safe_wal_size,
    case when s.conflicting then 'conflict with recovery' end as reason,
    null::timestamptz as unread_since
from pg_catalog.pg_replication_slots as s
where not s.temporary
order by s.slot_name
