-- Which policies name the tenant column, so that its type cannot be changed before they are dropped, and how are they made again?
-- Other statements take it as their part {remade}.
-- Columns: root (oid) of the table whose column it is; dropped, a statement; head, what a CREATE POLICY begins with; using, check (NULL: none);
-- using_plain, check_plain, whether they only compare the column with the setting, so that they can do so in another type
-- Parameters: column; setting; those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
select
    named.root,
    pg_catalog.format('drop policy %%I on %%s; ', p.polname, ident.text) as dropped,
    pg_catalog.format(
        '; create policy %%I on %%s as %%s for %%s to %%s', p.polname, ident.text,
        case when p.polpermissive then 'permissive' else 'restrictive' end,
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
        (
            select pg_catalog.string_agg(coalesce(pg_catalog.quote_ident(r.rolname), 'public'), ', ' order by r.rolname)
            from pg_catalog.unnest(p.polroles) as role (oid)
            left join pg_catalog.pg_roles as r on r.oid = role.oid
        )
    ) as head,
    said."using",
    said."check",
    bare."using" = any (bare.plain) as using_plain,
    bare."check" = any (bare.plain) as check_plain
from (
    select distinct t.root, d.objid as oid
    from ({tables}) as t
    join pg_catalog.pg_depend as d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid = t.oid
        and d.refobjsubid = t.attnum
        and d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
) as named
join pg_catalog.pg_policy as p on p.oid = named.oid
join pg_catalog.pg_class as c on c.oid = p.polrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (select pg_catalog.format('%%I.%%I', n.nspname, c.relname) as text) as ident
cross join lateral (
    select pg_catalog.pg_get_expr(p.polqual, p.polrelid) as "using", pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as "check"
) as said
cross join lateral (
    -- Without casts, parentheses and spaces.
    select
        pg_catalog.regexp_replace(said."using", '::[a-z_ ."]+(\(\d+\))?|[() ]', '', 'g') as "using",
        pg_catalog.regexp_replace(said."check", '::[a-z_ ."]+(\(\d+\))?|[() ]', '', 'g') as "check",
        array[
            pg_catalog.format('%%I=current_setting%%L,true', %(column)s::text, %(setting)s::text),
            pg_catalog.format('%%I=NULLIFcurrent_setting%%L,true,%%L', %(column)s::text, %(setting)s::text, '')
        ] as plain
) as bare
order by named.root, ident.text, p.polname
