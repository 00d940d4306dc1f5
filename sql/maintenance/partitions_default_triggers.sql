-- What it answers: which triggers would a move out of the default partition fire? Foreign keys of others are among them.
-- Columns: name
-- Parameters: default_oid
-- Minimum version: 13
select t.tgname::text as name
from pg_catalog.pg_trigger as t
where t.tgrelid = %(default_oid)s::bigint::oid
    and t.tgenabled <> 'D'
    -- The bit of DELETE in tgtype.
    and t.tgtype & 8 <> 0
order by t.tgname
