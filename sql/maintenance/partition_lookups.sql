-- What is asked about a single partition before and after it is created.
-- Minimum version: 13

-- name: name_taken
-- What it answers: what has the name that a partition is to get?
-- Columns: kind, as pg_class has it; is_partition
-- Parameters: schema, name
select c.relkind::text as kind, c.relispartition as is_partition
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(schema)s and c.relname = %(name)s
order by c.oid;

-- name: default_triggers
-- What it answers: which triggers would a move out of the default partition fire? Foreign keys of others are among them.
-- Columns: name
-- Parameters: default_oid
select t.tgname::text as name
from pg_catalog.pg_trigger as t
where t.tgrelid = %(default_oid)s::bigint::oid
    and t.tgenabled <> 'D'
    -- The bit of DELETE in tgtype.
    and t.tgtype & 8 <> 0
order by t.tgname;

-- name: grantees
-- What it answers: to whom have default privileges granted something on the new table?
-- Columns: grantee, '' for PUBLIC
-- Parameters: schema, name
select distinct coalesce(pg_catalog.pg_get_userbyid(nullif(acl.grantee, 0)), '')::text as grantee
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
cross join lateral pg_catalog.aclexplode(c.relacl) as acl
where n.nspname = %(schema)s and c.relname = %(name)s and acl.grantee <> c.relowner
order by 1;

-- name: replica_index
-- What it answers: which of the new partition's indexes belongs to this index of the parent?
-- Columns: name
-- Parameters: parent_index (oid), schema, name of the partition
select i.relname::text as name
from pg_catalog.pg_inherits as h
join pg_catalog.pg_index as x on x.indexrelid = h.inhrelid
join pg_catalog.pg_class as i on i.oid = x.indexrelid
join pg_catalog.pg_class as c on c.oid = x.indrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where h.inhparent = %(parent_index)s::bigint::oid and n.nspname = %(schema)s and c.relname = %(name)s
order by i.oid;
