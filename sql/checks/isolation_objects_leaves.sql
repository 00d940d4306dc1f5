-- What it answers: which partitions and inheriting tables can the application use by their own names, past the policies of their parents,
-- and which parents that have no tenant column show their children's rows past the children's policies?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_tables and isolation/granted_rights; {tables}, {granted}
-- Minimum version: 13
with recursive tables as (
    {tables}
),
granted as (
    {granted}
),
above as (
    -- A partition has the columns of its parent.
    select i.inhparent as oid
    from tables
    join pg_catalog.pg_class as c on c.oid = tables.oid and not c.relispartition
    join pg_catalog.pg_inherits as i on i.inhrelid = c.oid
    union
    select i.inhparent
    from above
    join pg_catalog.pg_inherits as i on i.inhrelid = above.oid
)
select
    case when c.relispartition then 'partition' else 'inheriting table' end as object_type,
    tables.ident as object_name,
    pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' granted to '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as observed,
    'no grant of its own, or row-level security of its own' as expected,
    'the policies of its parent hold only for queries that name the parent: a query of ' || tables.ident || ' reaches every tenant''s rows ('
    || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')' as detail,
    'alter table ' || tables.ident || ' enable row level security; '
    || pg_catalog.string_agg(distinct granted.revoked, '; ' order by granted.revoked) as remediation
from tables
join pg_catalog.pg_class as c on c.oid = tables.oid
-- MAINTAIN, from 17 on, shows no rows.
join granted on granted.oid = tables.oid and granted.privilege <> 'maintain'
where tables.kind in ('r', 'p')
    and not tables.rls
    and exists (select from pg_catalog.pg_inherits as i where i.inhrelid = tables.oid)
group by c.relispartition, tables.ident
union all
select
    'inherited table',
    parent.ident,
    pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' granted to '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee),
    'no grant to the application',
    'it has no tenant column itself, and a query of it reaches every tenant''s rows in its children, past their policies ('
    || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')',
    pg_catalog.string_agg(distinct granted.revoked, '; ' order by granted.revoked)
from above
join pg_catalog.pg_class as c on c.oid = above.oid and not c.relrowsecurity
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident) as parent
join granted on granted.oid = c.oid and granted.privilege in ('select', 'update', 'delete')
where c.oid not in (select tables.oid from tables)
group by parent.ident
order by object_name
