-- What it answers: how is the next partition of each family to be made? As the parent demands (owner, row security,
-- columns, indexes) and as its present partition is (schema, storage options, statistics targets, replica identity,
-- tablespace, persistence, key of the level below), none of which LIKE copies.
-- Columns: sibling; owner; row_security, force_row_security; indexes; columns that are not generated; schema; options and
-- toast_options as name=value; tablespace, NULL for the database's; statistics as [column, target] pairs;
-- replica_identity as pg_class has it, replica_index (the parent's); related: the other end of foreign keys;
-- grantees of the default privileges of who is connected, '' for PUBLIC; unlogged, foreign; partition_by and bound as the
-- server writes them
-- Parameters: parents, siblings: oids, in pairs
-- Minimum version: 13
select
    sibling.oid::bigint as sibling,
    pg_catalog.pg_get_userbyid(parent.relowner)::text as owner,
    parent.relrowsecurity as row_security,
    parent.relforcerowsecurity as force_row_security,
    (select pg_catalog.count(*) from pg_catalog.pg_index as i where i.indrelid = parent.oid) as indexes,
    (
        select pg_catalog.array_agg(a.attname::text order by a.attnum)
        from pg_catalog.pg_attribute as a
        where a.attrelid = parent.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    ) as columns,
    n.nspname::text as schema,
    coalesce(sibling.reloptions, array[]::text[]) as options,
    coalesce(toast.reloptions, array[]::text[]) as toast_options,
    t.spcname::text as tablespace,
    coalesce(
        (
            select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(a.attname, a.attstattarget) order by a.attnum)
            from pg_catalog.pg_attribute as a
            where a.attrelid = sibling.oid and a.attnum > 0 and not a.attisdropped and a.attstattarget >= 0
        ),
        pg_catalog.jsonb_build_array()
    ) as statistics,
    sibling.relreplident::text as replica_identity,
    (
        select h.inhparent::bigint
        from pg_catalog.pg_index as i
        join pg_catalog.pg_inherits as h on h.inhrelid = i.indexrelid
        where i.indrelid = sibling.oid and i.indisreplident
    ) as replica_index,
    array(
        select distinct (case f.conrelid when parent.oid then f.confrelid else f.conrelid end)::bigint
        from pg_catalog.pg_constraint as f
        where f.contype = 'f' and parent.oid in (f.conrelid, f.confrelid)
        order by 1
    ) as related,
    array(
        select distinct coalesce(pg_catalog.pg_get_userbyid(nullif(acl.grantee, 0)), '')::text
        from pg_catalog.pg_default_acl as d
        cross join lateral pg_catalog.aclexplode(d.defaclacl) as acl
        where d.defaclrole = current_user::regrole
            and d.defaclobjtype = 'r'
            and d.defaclnamespace in (0, sibling.relnamespace)
            and acl.grantee <> d.defaclrole
        order by 1
    ) as grantees,
    sibling.relpersistence = 'u' as unlogged,
    sibling.relkind = 'f' as foreign,
    case sibling.relkind when 'p' then pg_catalog.pg_get_partkeydef(sibling.oid) end as partition_by,
    pg_catalog.pg_get_expr(sibling.relpartbound, 0) as bound
from rows from (
    pg_catalog.unnest(%(parents)s::bigint[]), pg_catalog.unnest(%(siblings)s::bigint[])
) as asked (parent, sibling)
join pg_catalog.pg_class as parent on parent.oid = asked.parent::oid
join pg_catalog.pg_class as sibling on sibling.oid = asked.sibling::oid
join pg_catalog.pg_namespace as n on n.oid = sibling.relnamespace
left join pg_catalog.pg_class as toast on toast.oid = sibling.reltoastrelid
left join pg_catalog.pg_tablespace as t on t.oid = sibling.reltablespace
order by sibling.oid
