-- What it answers: which replication slots have lost WAL that their reader needs, or are about to?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: {slots} is replication/slots
-- Minimum version: 13
with slots as (
    {slots}
)
select
    'replication slot' as object_type,
    s.name as object_name,
    'WAL status ' || coalesce(s.wal_status, 'unknown') || coalesce(' (' || s.reason || ')', '') as observed,
    'reserved or extended' as expected,
    case
        when s.wal_status = 'unreserved' then 'the next checkpoint may remove what its reader needs: over max_slot_wal_keep_size'
        else 'its reader can never go on from here'
    end as detail,
    case
        when s.wal_status = 'unreserved' then 'start its reader at once, or raise max_slot_wal_keep_size'
        else 'select pg_catalog.pg_drop_replication_slot(' || pg_catalog.quote_literal(s.name)
            || '), and build its standby or subscription anew'
    end as remediation
from slots as s
where s.wal_status in ('unreserved', 'lost')
    or s.reason is not null
order by s.name
