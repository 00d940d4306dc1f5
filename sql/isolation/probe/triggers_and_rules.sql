-- What would act when the probe writes, and what it does may reach outside of the transaction: triggers and rules of users.
-- Columns: oid and ident of the table; name of the trigger or rule; action, the trigger's function or the rule itself
-- Parameters: those of isolation/probe/required_tables, which is {needed}
-- Minimum version: 13
with needed as (
    {needed}
)
select
    c.oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
    acting.name,
    acting.action
from needed
join pg_catalog.pg_class as c on c.oid = needed.oid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select t.tgname::text as name, pg_catalog.quote_ident(home.nspname) || '.' || pg_catalog.quote_ident(p.proname) as action
    from pg_catalog.pg_partition_tree(c.oid) as tree
    join pg_catalog.pg_trigger as t on t.tgrelid = tree.relid and not t.tgisinternal and t.tgenabled <> 'D'
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace as home on home.oid = p.pronamespace and home.nspname <> 'pg_catalog'
    union
    select t.tgname::text, pg_catalog.quote_ident(home.nspname) || '.' || pg_catalog.quote_ident(p.proname)
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace as home on home.oid = p.pronamespace and home.nspname <> 'pg_catalog'
    where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D'
    union
    select r.rulename::text, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.rulename)
    from pg_catalog.pg_rewrite as r
    where r.ev_class = c.oid and r.ev_type <> '1' and r.ev_enabled <> 'D'
) as acting
order by c.oid, acting.name, acting.action
