-- What it answers: what would let the role analyze the table?
-- Columns: remedy
-- Parameters: oid, owner (unused from 17 on)
-- Minimum version: 17
select pg_catalog.format('grant maintain on table %%I.%%I to %%I', n.nspname, c.relname, current_user) as remedy
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.oid = %(oid)s::bigint::oid
order by 1
