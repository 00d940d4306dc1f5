-- The plain views over rows of tenants: as whom they read, what they read, and what of them the application may do.
-- Columns: oid; owner (oid); invoker, reads as whoever asks (15 and later); barrier; checked, WITH CHECK OPTION; cascaded, by the filters of
-- views below it, too; definition; used, oids of what it reads; readers, to whom SELECT is granted (NULL: nobody); removers, likewise DELETE, and
-- writers INSERT or UPDATE, where the view lets them through;
-- as_invoker, as_barrier, as_checked, statements that change it; revoked, one that takes the grants away
-- Parameters: those of isolation/tenant_relations and isolation/granted_rights; {holding}, {granted}
-- Minimum version: 13
with granted as (
    {granted}
)
select
    view.*,
    'alter view ' || view.ident || ' set (security_invoker = true)' as as_invoker,
    'alter view ' || view.ident || ' set (security_barrier = true)' as as_barrier,
    'alter view ' || view.ident || ' set (check_option = cascaded)' as as_checked,
    (
        select pg_catalog.string_agg(distinct granted.revoked, '; ' order by granted.revoked) from granted where granted.oid = view.oid
    ) as revoked
from (
    select
        v.oid::bigint,
        holding.ident,
        v.relowner::bigint as owner,
        coalesce(option.invoker, false) as invoker,
        coalesce(option.barrier, false) as barrier,
        coalesce(option.checked, false) as checked,
        coalesce(option.cascaded, false) as cascaded,
        pg_catalog.pg_get_viewdef(v.oid) as definition,
        array(
            select distinct d.refobjid::bigint
            from pg_catalog.pg_rewrite as r
            join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                and d.objid = r.oid
                and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.refobjid <> v.oid
            where r.ev_class = v.oid
                and r.ev_type = '1'
            order by 1
        ) as used,
        (
            select pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee)
            from granted
            where granted.oid = v.oid
                and granted.privilege = 'select'
        ) as readers,
        (
            select pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee)
            from granted
            where granted.oid = v.oid
                and granted.privilege = 'delete'
                and updatable.bits & 16 <> 0
        ) as removers,
        (
            select pg_catalog.string_agg(distinct granted.grantee, ', ' order by granted.grantee)
            from granted
            where granted.oid = v.oid
                -- The bits of UPDATE and INSERT, as above of DELETE.
                and updatable.bits & case granted.privilege when 'update' then 4 when 'insert' then 8 else 0 end <> 0
        ) as writers
    from ({holding}) as holding
    join pg_catalog.pg_class as v on v.oid = holding.oid and v.relkind = 'v'
    left join lateral (
        select
            pg_catalog.bool_or(o.option_name = 'security_invoker' and o.option_value::boolean) as invoker,
            pg_catalog.bool_or(o.option_name = 'security_barrier' and o.option_value::boolean) as barrier,
            pg_catalog.bool_or(o.option_name = 'check_option') as checked,
            pg_catalog.bool_or(o.option_name = 'check_option' and o.option_value = 'cascaded') as cascaded
        from pg_catalog.pg_options_to_table(v.reloptions) as o
    ) as option on true
    cross join lateral (
        -- What an INSTEAD rule or trigger does is not done through the view. Their bits are others than those of what a view lets through.
        select
            pg_catalog.pg_relation_is_updatable(v.oid, false)
            & ~coalesce(pg_catalog.bit_or(case instead.event when 'update' then 4 when 'insert' then 8 else 16 end), 0) as bits
        from (
            select case r.ev_type when '2' then 'update' when '3' then 'insert' else 'delete' end as event
            from pg_catalog.pg_rewrite as r
            where r.ev_class = v.oid
                and r.ev_type <> '1'
                and r.is_instead
                and r.ev_qual::text = '<>'
                and r.ev_enabled in ('O', 'A')
            union all
            select acts.event
            from pg_catalog.pg_trigger as t
            join (values ('insert', 4), ('delete', 8), ('update', 16)) as acts (event, bit) on t.tgtype & acts.bit <> 0
            where t.tgrelid = v.oid
                and t.tgtype & 64 <> 0
                and t.tgenabled in ('O', 'A')
        ) as instead
    ) as updatable
) as view
order by view.oid
