-- What it does: creates the list of legal holds: no purge, archive, drop or erasure touches held rows.
-- tenant_id null: all tenants; predicate null: all rows; until null: until the row is taken away.
-- Minimum version: 13.
create table if not exists steward.legal_hold (
    id bigint generated always as identity primary key,
    tenant_id varchar(50),
    table_name text not null,
    predicate text,
    owner text not null,
    reason text not null,
    until timestamptz,
    created_at timestamptz not null default now()
)
