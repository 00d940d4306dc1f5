-- The demo database and the single steps of its construction.
-- Minimum version: 13

-- name: create
-- A database, empty.
create database {database} template template0;

-- name: set_password
-- The login's password, where the server asks for one.
alter role {login} password {password};

-- name: clock
-- Where the demo begins and ends, from the server's clock, in UTC.
-- columns: begins (30 calendar months with the current one), loaded (until when the first load reaches), ends
select
    (date_trunc('month', now() at time zone 'UTC') - interval '29 months') at time zone 'UTC' as begins,
    now() - interval '6 hours' as loaded,
    now() as ends;

-- name: months
-- Months around the server's clock, in UTC: what the demo's partitions are for.
-- columns: name (of the leaf), lower, upper (bounds, text with the offset)
select
    'correction_logs_' || to_char(month, 'YYYY_MM') as name,
    to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00' as lower,
    to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00' as upper
from pg_catalog.generate_series(%(first)s::integer, %(last)s::integer) as offset_months
cross join lateral (
    select date_trunc('month', now() at time zone 'UTC') + offset_months * interval '1 month' as month
) as calendar
order by 1;

-- name: create_partition
-- One month's leaf of correction_logs, owned by the owner of the tables.
create table public.{leaf} partition of public.correction_logs
    for values from ({lower}) to ({upper});

-- name: orphans
-- Versions whose rule set is absent, as they stay behind where a foreign key was once disabled; needs a superuser.
insert into public.rule_versions (tenant_id, rule_set_id, major, minor, patch, version, created_at, updated_at)
select
    tenant_id, pg_catalog.md5('gone ' || number)::uuid, 0, number, 0, '0.' || number || '.0', now() - interval '2 years',
    now() - interval '2 years'
from demo.tenant
where number <= 3
order by number;

-- name: analyze
-- Statistics of one table, as autovacuum would have left them.
analyze {relation};

-- name: refreshed
-- What was refreshed, long enough ago to be stale.
insert into public.materialized_view_metadata (view_name, last_refreshed, records_processed, refresh_duration_seconds)
select matviewname, now() - interval '2 days', 0, 1
from pg_catalog.pg_matviews
where schemaname = 'public'
order by 1
on conflict (view_name) do nothing;

-- name: invalid_index
-- A rebuild that the snapshot's holder makes fail, so that its new index stays behind, invalid.
reindex index concurrently public.suggestions_accepted;

-- name: drop_schema
-- What the generator remembered.
drop schema demo cascade;
