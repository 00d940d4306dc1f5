-- Which foreign keys lead from or to rows of tenants, and do both sides belong to one tenant by the key itself? A tree's once, and
-- none that the server does not enforce.
-- Other statements take it as their part {foreign}.
-- Columns: oid; ident; child; child_ident; root of the child; child_tenant (attnum); child_guarded (its rows have a tenant, or row security is on); attnums of the
-- key; parent; parent_ident; parent_attnums; parent_tenant (attnum); parent_rls; columns and referenced as text; on_delete, on_update
-- (confdeltype, confupdtype); paired; mending
-- Parameters: column; those of inventory/included; {ours} is inventory/included, {tables} is isolation/tenant_tables
-- Minimum version: 13
with ours as (
    {ours}
),
tables as (
    {tables}
)
select
    con.oid,
    child.ident || '.' || pg_catalog.quote_ident(con.conname) as ident,
    con.conrelid as child,
    child.ident as child_ident,
    coalesce(own.root, con.conrelid) as root,
    own.attnum as child_tenant,
    own.oid is not null or child.rls as child_guarded,
    con.conkey as attnums,
    con.confrelid as parent,
    parent.ident as parent_ident,
    con.confkey as parent_attnums,
    up.attnum as parent_tenant,
    parent.rls as parent_rls,
    keys.columns,
    keys.referenced,
    con.confdeltype as on_delete,
    con.confupdtype as on_update,
    keys.paired,
    case
        when up.oid is null then pg_catalog.format('alter table %%s drop constraint %%I', child.ident, con.conname)
        else case
                when exists (
                    select
                    from pg_catalog.pg_constraint as key
                    where key.conrelid = con.confrelid and key.contype in ('p', 'u')
                        and key.conkey @> (con.confkey || up.attnum) and key.conkey <@ (con.confkey || up.attnum)
                ) then ''
                else pg_catalog.format('alter table %%s add unique (%%I, %%s); ', parent.ident, %(column)s::text, keys.referenced)
            end
            || case
                when own.oid is null then pg_catalog.format(
                    'alter table %%s add column %%I %%s; ', child.ident, %(column)s::text,
                    (
                        select pg_catalog.format_type(a.atttypid, a.atttypmod)
                        from pg_catalog.pg_attribute as a
                        where a.attrelid = up.oid and a.attnum = up.attnum
                    )
                )
                else ''
            end
            || pg_catalog.format(
                'alter table %%s drop constraint %%I, add constraint %%I foreign key (%%I, %%s) references %%s (%%I, %%s)%%s%%s',
                child.ident, con.conname, con.conname, %(column)s::text, keys.columns,
                parent.ident, %(column)s::text, keys.referenced,
                ' on delete ' || case
                    when con.confdeltype = 'c' then 'cascade'
                    when con.confdeltype = 'r' then 'restrict'
                    -- Of these columns alone, so that the tenant stays; before 15 that cannot be said, and the parent does.
                    when pg_catalog.current_setting('server_version_num')::integer < 150000 then null
                    when con.confdeltype = 'n' then 'set null (' || keys.columns || ')'
                    when con.confdeltype = 'd' then 'set default (' || keys.columns || ')'
                end,
                ' on update ' || case con.confupdtype when 'c' then 'cascade' when 'r' then 'restrict' end
            )
    end as mending
from pg_catalog.pg_constraint as con
left join tables as own on own.oid = con.conrelid
left join tables as up on up.oid = con.confrelid
join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident, c.relrowsecurity as rls
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = con.conrelid
) as child on true
join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident, c.relrowsecurity as rls
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.oid = con.confrelid
) as parent on true
cross join lateral (
    select
        pg_catalog.string_agg(pg_catalog.quote_ident(mine.attname), ', ' order by pair.place)
            filter (where pair.mine is distinct from own.attnum) as columns,
        pg_catalog.string_agg(pg_catalog.quote_ident(theirs.attname), ', ' order by pair.place)
            filter (where pair.mine is distinct from own.attnum) as referenced,
        pg_catalog.bool_or(pair.mine is not distinct from own.attnum and (up.oid is null or pair.theirs = up.attnum)) as paired
    from rows from (pg_catalog.unnest(con.conkey), pg_catalog.unnest(con.confkey)) with ordinality as pair (mine, theirs, place)
    join pg_catalog.pg_attribute as mine on mine.attrelid = con.conrelid and mine.attnum = pair.mine
    join pg_catalog.pg_attribute as theirs on theirs.attrelid = con.confrelid and theirs.attnum = pair.theirs
) as keys
where con.contype = 'f'
    and con.conparentid = 0
    -- From 18 on.
    and coalesce((pg_catalog.to_jsonb(con) ->> 'conenforced')::boolean, true)
    and exists (select from ours where ours.oid in (con.conrelid, con.confrelid))
    and (own.oid is not null or up.oid is not null or child.rls or parent.rls)
order by ident
