-- The rules that add to what the application inserts, updates or deletes, or do something else instead.
-- Columns: relation (oid of what the rule is on); ident, the rule's name and that of the relation; owner (oid) of the relation, as whom the rule acts;
-- instead, not only added; definition; callers, to whom the right is granted that it takes, on the relation or a view of it; dropped, the
-- statement that takes it away
-- Parameters: those of isolation/granted_rights; {firing}
-- Minimum version: 13
select
    c.oid::bigint as relation,
    shown.ident,
    c.relowner::bigint as owner,
    r.is_instead as instead,
    pg_catalog.pg_get_ruledef(r.oid) as definition,
    pg_catalog.string_agg(distinct firing.grantee, ', ' order by firing.grantee) as callers,
    'drop rule ' || shown.ident as dropped
from pg_catalog.pg_rewrite as r
join pg_catalog.pg_class as c on c.oid = r.ev_class
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join ({firing}) as firing on firing.oid = r.ev_class
    and firing.named
    and firing.privilege = case r.ev_type when '2' then 'update' when '3' then 'insert' when '4' then 'delete' end
cross join lateral (
    select pg_catalog.quote_ident(r.rulename) || ' on ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident
) as shown
where r.ev_enabled in ('O', 'A')
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
group by c.oid, shown.ident, c.relowner, r.is_instead, r.oid
order by shown.ident
