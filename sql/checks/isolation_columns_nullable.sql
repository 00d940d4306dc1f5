-- What it answers: in which tables may a row be without a tenant? A tree's root speaks for its partitions; foreign tables declare only.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: column; those of inventory/ours; {tables} is isolation/tables
-- Minimum version: 13
with tables as (
    {tables}
),
loose as (
    select t.oid, t.ident, t.root, t.level, unvalidated.name as unvalidated
    from tables as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
    join pg_catalog.pg_type as ty on ty.oid = a.atttypid
    left join lateral (
        -- From 18 on NOT NULL may hold for new rows only.
        select con.conname as name
        from pg_catalog.pg_constraint as con
        where con.conrelid = t.oid and con.contype = 'n' and not con.convalidated and t.attnum = any (con.conkey)
    ) as unvalidated on true
    where t.kind <> 'f'
        and (not (a.attnotnull or ty.typnotnull) or unvalidated.name is not null)
        and not exists (
            select
            from pg_catalog.pg_constraint as con
            where con.conrelid = t.oid and con.contype = 'c' and con.convalidated and con.conkey = array[t.attnum]
                and pg_catalog.pg_get_constraintdef(con.oid) = pg_catalog.format('CHECK ((%%I IS NOT NULL))', %(column)s::text)
        )
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
