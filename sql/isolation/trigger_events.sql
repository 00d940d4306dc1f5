-- What the application's statements fire triggers and rules of: what it may write, what views of these write through to, and the partitions and
-- inheriting tables below.
-- Other statements take it as their part {firing}.
-- Columns: oid of the relation; privilege, in lower case; grantee, quoted, or public; named, by a statement or a view, as rules ask
-- Parameters: those of isolation/granted_rights; {granted}
-- Minimum version: 13
with recursive firing as (
    select granted.oid, granted.privilege, granted.grantee, true as named
    from ({granted}) as granted
    where granted.privilege in ('insert', 'update', 'delete')
    union
    select below.oid, firing.privilege, firing.grantee, firing.named and below.named
    from firing
    cross join lateral (
        select i.inhrelid as oid, false as named
        from pg_catalog.pg_inherits as i
        where i.inhparent = firing.oid
        union all
        select d.refobjid, true
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and d.objid = r.oid
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.refobjid <> r.ev_class
        where r.ev_class = firing.oid
            and r.ev_type = '1'
            -- The bits are those of UPDATE, INSERT and DELETE.
            and pg_catalog.pg_relation_is_updatable(r.ev_class, false)
            & case firing.privilege when 'update' then 4 when 'insert' then 8 else 16 end <> 0
    ) as below
)
select firing.oid, firing.privilege, firing.grantee, firing.named
from firing
