-- What it answers: which replication slots hold more WAL on this server's disk than they may, or are read by nobody?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: slot_wal, unread_wal (bytes), unread_for (an interval, known from 17 on); {slots} is replication/slots
-- Minimum version: 13
with slots as (
    {slots}
),
held as (
    select
        s.*,
        case when not pg_catalog.pg_is_in_recovery() then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn) end as wal,
        case when not s.active then pg_catalog.now() - s.unread_since end as unread
    from slots as s
    -- Lost ones hold nothing any more, and are told by another query.
    where s.restart_lsn is not null
        and s.wal_status is distinct from 'lost'
)
select
    'replication slot' as object_type,
    h.name as object_name,
    case when h.active then 'read' else 'not read' || coalesce(' for ' || pg_catalog.date_trunc('second', h.unread)::text, '') end
        || ', holds ' || pg_catalog.pg_size_pretty(h.wal) || ' of WAL' as observed,
    case
        when h.active then 'at most ' || pg_catalog.pg_size_pretty(%(slot_wal)s::bigint)
        when h.wal > %(unread_wal)s::bigint then 'at most ' || pg_catalog.pg_size_pretty(%(unread_wal)s::bigint) || ' while nobody reads it'
        else 'read within ' || %(unread_for)s::interval
    end as expected,
    coalesce('WAL status ' || h.wal_status, 'no WAL status')
        || coalesce('; ' || pg_catalog.pg_size_pretty(h.safe_wal_size) || ' until it may be lost', '; nothing limits what it may hold')
        || coalesce('; reader is pid ' || h.active_pid, '') as detail,
    'let its reader catch up; if there is none any more: select pg_catalog.pg_drop_replication_slot('
        || pg_catalog.quote_literal(h.name) || ')' as remediation
from held as h
where (h.active and h.wal > %(slot_wal)s::bigint)
    or (not h.active and (h.wal > %(unread_wal)s::bigint or h.unread > %(unread_for)s::interval))
order by h.name
