-- What it does: records the refresh that this transaction has made; what it shows is no older than the transaction's begin.
-- Columns: seconds since that begin, the wait for the lock included: so long readers of a plain refresh have waited at most
-- Parameters: view_name, rows
-- Minimum version: 13
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
returning m.refresh_duration_seconds::double precision as seconds
