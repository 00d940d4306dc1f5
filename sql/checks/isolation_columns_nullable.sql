-- What it answers: in which tables may a row be without a tenant? A tree's root speaks for its partitions; foreign tables declare only.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/nullable_tenant_columns; {loose} is isolation/nullable_tenant_columns
-- Minimum version: 13
with loose as (
    {loose}
)
select
    'column' as object_type,
    loose.ident || '.' || pg_catalog.quote_ident(%(column)s::text) as object_name,
    case when loose.unvalidated is null then 'may be null' else 'not null, but not validated' end as observed,
    'not null' as expected,
    'a row without a tenant belongs to nobody: no erasure or retention of a tenant reaches it, and a comparison that takes two nulls for '
        || 'equal shows it to every session that has set no tenant' as detail,
    pg_catalog.format(
        case
            when loose.unvalidated is null then 'alter table %%s alter column %%I set not null'
            else 'alter table %%s validate constraint %%I'
        end,
        loose.ident, coalesce(loose.unvalidated, %(column)s::text)
    ) as remediation
from loose
where loose.root = loose.oid
    or not exists (select from loose as above where above.oid = loose.root)
order by object_name
