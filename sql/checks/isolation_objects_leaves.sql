-- What it answers: which partitions and inheriting tables can the application use by their own names, past the policies of their parents?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tables and isolation/granted; {tables}, {granted}
-- Minimum version: 13
select
    case when c.relispartition then 'partition' else 'inheriting table' end as object_type,
    tables.ident as object_name,
    pg_catalog.string_agg(distinct granted.privilege, ', ' order by granted.privilege) || ' granted to '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as observed,
    'no grant of its own, or row-level security of its own' as expected,
    'the policies of its parent hold only for who names the parent: a query of ' || tables.ident || ' reaches every tenant''s rows ('
    || pg_catalog.string_agg(distinct granted.chain, '; ' order by granted.chain) || ')' as detail,
    'alter table ' || tables.ident || ' enable row level security; revoke all on ' || tables.ident || ' from '
    || pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee) as remediation
from ({tables}) as tables
join pg_catalog.pg_class as c on c.oid = tables.oid
join ({granted}) as granted on granted.oid = tables.oid
where tables.kind in ('r', 'p')
    and not tables.rls
    and exists (select from pg_catalog.pg_inherits as i where i.inhrelid = tables.oid)
group by c.relispartition, tables.ident
order by tables.ident
