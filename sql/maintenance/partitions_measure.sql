-- What it answers: which partition has exactly these bounds, and is it as the parent demands? Takes no lock.
-- Columns: partition, owner, row_security, force_row_security, grantees other than the owner, indexes that are valid and
-- attached to one of the parent's; branches: how many partitions there are below it
-- Parameters: parent (oid), lower, upper; {key_type}
-- Minimum version: 13
select
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as partition,
    pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
    c.relrowsecurity as row_security,
    c.relforcerowsecurity as force_row_security,
    coalesce(
        (
            select pg_catalog.string_agg(distinct coalesce(pg_catalog.pg_get_userbyid(nullif(acl.grantee, 0)), 'public'), ', ')
            from pg_catalog.aclexplode(c.relacl) as acl
            where acl.grantee <> c.relowner
        ),
        ''
    ) as grantees,
    (
        select pg_catalog.count(*)
        from pg_catalog.pg_index as i
        join pg_catalog.pg_inherits as h on h.inhrelid = i.indexrelid
        join pg_catalog.pg_index as above on above.indexrelid = h.inhparent and above.indrelid = %(parent)s::bigint::oid
        where i.indrelid = c.oid and i.indisvalid
    ) as indexes,
    (
        with recursive tree as (
            select b.inhrelid
            from pg_catalog.pg_inherits as b
            where b.inhparent = c.oid
            union all
            select b.inhrelid
            from tree
            join pg_catalog.pg_inherits as b on b.inhparent = tree.inhrelid
        )
        select pg_catalog.count(*)
        from tree
    ) as branches
from pg_catalog.pg_inherits as p
join pg_catalog.pg_class as c on c.oid = p.inhrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where p.inhparent = %(parent)s::bigint::oid
    -- Some types are written with quotes and others without; no time and no number has any inside.
    and pg_catalog.replace(pg_catalog.pg_get_expr(c.relpartbound, 0), '''', '') = pg_catalog.format(
        'FOR VALUES FROM (%%s) TO (%%s)', %(lower)s::{key_type}::text, %(upper)s::{key_type}::text
    )
order by c.oid
