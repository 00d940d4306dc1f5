-- The refresh of one materialized view, and what belongs to it.
-- Minimum version: 13

-- name: refresh
-- What it does: runs the view's query again and replaces its content; readers wait until that is committed.
refresh materialized view {view};

-- name: refresh_concurrently
-- What it does: runs the view's query again and changes what is different; readers go on reading.
refresh materialized view concurrently {view};

-- name: changes
-- What it answers: how many rows has this transaction added to the view, and how many has it left dead in it?
-- Columns: added, dead
-- Parameters: oid
select
    pg_catalog.pg_stat_get_xact_tuples_inserted(%(oid)s::bigint::oid) as added,
    pg_catalog.pg_stat_get_xact_tuples_deleted(%(oid)s::bigint::oid)
    + pg_catalog.pg_stat_get_xact_tuples_updated(%(oid)s::bigint::oid) as dead;

-- name: record
-- What it does: records the refresh that this transaction has made; what it shows is no older than the transaction's begin.
-- Columns: seconds since that begin, the wait for the lock included: so long readers of a plain refresh have waited at most
-- Parameters: view_name, rows
insert into public.materialized_view_metadata as m (
    view_name, last_refreshed, records_processed, refresh_duration_seconds, updated_at
)
values (
    %(view_name)s,
    pg_catalog.transaction_timestamp(),
    %(rows)s,
    pg_catalog.round(
        extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp())::numeric, 3
    ),
    pg_catalog.clock_timestamp()
)
on conflict (view_name) do update set
    last_refreshed = excluded.last_refreshed,
    records_processed = excluded.records_processed,
    refresh_duration_seconds = excluded.refresh_duration_seconds,
    updated_at = excluded.updated_at
returning m.refresh_duration_seconds::double precision as seconds;

-- name: horizon
-- What it answers: up to which transaction must snapshots have gone before what this session has left dead can be removed?
-- Columns: horizon
select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text as horizon;

-- name: older_snapshots
-- What it answers: which other sessions of the maintenance hold a snapshot from before a horizon? Vacuums hold nobody back.
-- Columns: pid
-- Parameters: horizon
select a.pid
from pg_catalog.pg_stat_activity as a
where a.datname = pg_catalog.current_database()
    and a.application_name = pg_catalog.current_setting('application_name')
    and a.pid <> pg_catalog.pg_backend_pid()
    and pg_catalog.age(a.backend_xmin) > pg_catalog.age(pg_catalog.xid(%(horizon)s::pg_catalog.xid8))
    and a.pid not in (select p.pid from pg_catalog.pg_stat_progress_vacuum as p)
order by a.pid;

-- name: flush_counters
-- What it does: lets the server count what this session has changed before a vacuum counts anew: what is counted after it
-- would stand as dead rows that are not there. Before 15 a session tells its counters every half second at most.
select pg_catalog.pg_sleep(0.6);

-- name: vacuum
-- What it does: reclaims what a concurrent refresh has left dead, and takes the statistics.
vacuum (analyze, truncate false) {view};

-- name: analyze
-- What it does: takes the statistics of what a refresh has put there.
analyze {view};
