-- What it answers: which event triggers are disabled, so that what they enforce on new objects is not enforced?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: none
-- Minimum version: 13
select
    'event trigger' as object_type,
    pg_catalog.quote_ident(e.evtname) as object_name,
    case e.evtenabled when 'D' then 'disabled' else 'fires on replicas only' end as observed,
    'enabled, or dropped' as expected,
    'it belongs to ' || pg_catalog.quote_ident(owner.rolname) || ' and would run ' || pg_catalog.quote_ident(n.nspname) || '.'
    || pg_catalog.quote_ident(p.proname) || '() on ' || e.evtevent
    || '; where it enables row-level security on new tables, they now come without it' as detail,
    'alter event trigger ' || pg_catalog.quote_ident(e.evtname) || ' enable' as remediation
from pg_catalog.pg_event_trigger as e
join pg_catalog.pg_proc as p on p.oid = e.evtfoid
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_roles as owner on owner.oid = e.evtowner
where e.evtenabled in ('D', 'R')
order by e.evtname
