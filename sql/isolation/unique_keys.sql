-- Which unique indexes and exclusion constraints of tenants' tables hold over all tenants, because the tenant column is no key column
-- of theirs? A tree's index once. Secret is one that nobody can meet without knowing a random id: a uuid of its own or of another table
-- of tenants, where nothing makes it predictable or known to all.
-- Other statements take it as their part {keys}.
-- Columns: oid; ident; relation; table_ident; root; attnums of the key; columns as text; kind of its constraint, or null; mending; secret
-- Parameters: column; those of inventory/included; {tables} is isolation/tenant_tables
-- Minimum version: 13
with tables as (
    {tables}
),
referring as materialized (
    -- Once, as nothing finds the foreign keys of one index.
    select
        fk.conindid as oid,
        pg_catalog.string_agg(pg_catalog.format('%%I.%%I.%%I', n.nspname, c.relname, fk.conname), ', ' order by fk.conname) as names
    from pg_catalog.pg_constraint as fk
    join pg_catalog.pg_class as c on c.oid = fk.conrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where fk.contype = 'f' and fk.conparentid = 0
    group by fk.conindid
)
select
    i.indexrelid as oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    t.oid as relation,
    t.ident as table_ident,
    t.root,
    keys.attnums,
    keys.columns,
    con.contype as kind,
    case
        -- It can be neither dropped nor changed while foreign keys refer to it.
        when referring.names is not null then case
                when exists (
                    select
                    from pg_catalog.pg_constraint as wider
                    where wider.conrelid = t.oid and wider.contype in ('p', 'u')
                        and wider.conkey @> (keys.attnums || t.attnum) and wider.conkey <@ (keys.attnums || t.attnum)
                ) then ''
                else pg_catalog.format('alter table %%s add unique (%%I, %%s); ', t.ident, %(column)s::text, keys.columns)
            end
            || pg_catalog.format(
                '/* then lead %%s to the key (%%I, %%s), and let this one hold the tenant */',
                referring.names, %(column)s::text, keys.columns
            )
        when con.oid is null then pg_catalog.format(
            'create unique index on %%s using %%s (%%I, %%s)%%s%%s; drop index %%I.%%I',
            t.ident, am.amname, %(column)s::text, keys.columns,
            case when keys.nulls_meet then ' nulls not distinct' end,
            ' where ' || pg_catalog.pg_get_expr(i.indpred, i.indrelid, true),
            n.nspname, c.relname
        )
        -- The definition begins with words of SQL alone, so that its first parenthesis opens the list of columns.
        else pg_catalog.format(
            'alter table %%s drop constraint %%I, add constraint %%I ', t.ident, con.conname, con.conname
        ) || overlay(
            definition.text placing pg_catalog.format(
                '(%%I%%s, ', %(column)s::text, case when i.indisexclusion and con.contype = 'x' then ' with =' end
            ) from pg_catalog.strpos(definition.text, '(') for 1
        )
    end as mending,
    exists (
        select
        from pg_catalog.unnest(keys.attnums) as key (attnum)
        join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = key.attnum
        join pg_catalog.pg_type as ty on ty.oid = a.atttypid
        left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where 'pg_catalog.uuid'::pg_catalog.regtype in (ty.oid, ty.typbasetype)
            and (a.attnotnull or not keys.nulls_meet)
            and not coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') like any (
                '{{''%%,%%uuid\\_generate\\_v1%%,%%uuid\\_generate\\_v3%%,%%uuid\\_generate\\_v5%%,%%uuid\\_n%%}}'::text[]
            )
            and not exists (
                select
                from pg_catalog.pg_constraint as fk
                where fk.conrelid = t.oid and fk.contype = 'f' and a.attnum = any (fk.conkey)
                    and not exists (select from tables as other where other.oid = fk.confrelid)
            )
    ) as secret
from tables as t
join pg_catalog.pg_index as i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion) and i.indisready and i.indislive
join pg_catalog.pg_class as c on c.oid = i.indexrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_am as am on am.oid = c.relam
left join pg_catalog.pg_constraint as con
    on con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x')
cross join lateral (select pg_catalog.pg_get_constraintdef(con.oid, true) as text) as definition
left join referring on referring.oid = i.indexrelid
cross join lateral (
    select
        pg_catalog.array_agg(key.attnum order by key.place) as attnums,
        pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, key.place::integer, true), ', ' order by key.place) as columns,
        pg_catalog.bool_or(
            key.attnum = t.attnum
            and (not i.indisexclusion or exists (
                select from pg_catalog.pg_operator as o where o.oid = con.conexclop[key.place] and o.oprname = '='
            ))
        ) as by_tenant,
        -- From 15 on.
        coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as nulls_meet
    from pg_catalog.unnest(i.indkey::smallint[]) with ordinality as key (attnum, place)
    where key.place <= i.indnkeyatts
) as keys
where not keys.by_tenant
    and not exists (select from pg_catalog.pg_inherits as above where above.inhrelid = i.indexrelid)
order by ident
