-- What it answers: which event triggers run code that the application can change, as whoever changes the schema?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select
    'event trigger' as object_type,
    pg_catalog.quote_ident(e.evtname) as object_name,
    'its function ' || shown.ident || ' belongs to ' || pg_catalog.quote_ident(owner.rolname) as observed,
    'an owner whom the application cannot become' as expected,
    'it runs on ' || e.evtevent || ' with the rights of the role that changes the schema, and the application can become its owner: '
    || pg_catalog.string_agg(distinct reached.chain, '; ') as detail,
    'alter function ' || shown.ident || ' owner to ' || pg_catalog.quote_ident(creator.rolname) as remediation
from pg_catalog.pg_event_trigger as e
join pg_catalog.pg_proc as p on p.oid = e.evtfoid
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_roles as owner on owner.oid = p.proowner
join pg_catalog.pg_roles as creator on creator.oid = e.evtowner
cross join lateral (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '()' as ident) as shown
join ({reached}) as reached on reached.role in (p.proowner, e.evtowner)
where e.evtenabled <> 'D'
group by e.evtname, e.evtevent, owner.rolname, creator.rolname, shown.ident
order by e.evtname
