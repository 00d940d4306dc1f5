-- SECURITY DEFINER functions and procedures that the application may call, or that a view or a trigger runs for it.
-- Columns: ident, with its arguments; kind; owner (oid); language; definition; source; called, whether it can be called and is not only a trigger's;
-- bound, whether its names were bound when it was made; path, its search_path (NULL: none); callers, to whom EXECUTE is granted;
-- schemas, all of the database; with_path, revoked, statements that mend it
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select
    shown.ident,
    case p.prokind when 'p' then 'procedure' else 'function' end as kind,
    p.proowner::bigint as owner,
    l.lanname::text as language,
    pg_catalog.pg_get_functiondef(p.oid) as definition,
    p.prosrc as source,
    not p.prorettype in ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype) as called,
    -- A body of standard SQL, which 13 does not know.
    pg_catalog.to_jsonb(p) ->> 'prosqlbody' is not null as bound,
    (
        select pg_catalog.substr(setting, pg_catalog.length('search_path=') + 1)
        from pg_catalog.unnest(p.proconfig) as setting
        where pg_catalog.starts_with(setting, 'search_path=')
    ) as path,
    callers.names as callers,
    array(select schema.nspname::text from pg_catalog.pg_namespace as schema order by schema.nspname) as schemas,
    'alter routine ' || shown.ident || ' set search_path = pg_catalog, pg_temp' as with_path,
    'revoke execute on routine ' || shown.ident || ' from ' || callers.names as revoked
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
cross join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
        || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as ident
) as shown
cross join lateral (
    select pg_catalog.string_agg(holder.grantee, ', ' order by holder.grantee) as names
    from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as acl
    join (
        select reached.role, pg_catalog.min(reached.ident) as grantee
        from ({reached}) as reached
        group by reached.role
        union all
        select 0::oid, 'public'
    ) as holder on holder.role = acl.grantee
    where acl.grantee <> p.proowner
) as callers
where p.prosecdef
    and p.prokind in ('f', 'p')
    and n.nspname !~ '^pg_'
    and n.nspname <> 'information_schema'
    and not exists (
        select
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
    and (
        exists (
            select
            from ({reached}) as reached
            where reached.acts
                and callers.names is not null
                and pg_catalog.has_schema_privilege(reached.role, n.oid, 'usage')
        )
        or exists (select from pg_catalog.pg_trigger as t where t.tgfoid = p.oid)
        -- Who calls it through a view needs no right on its schema.
        or (
            callers.names is not null
            and exists (
                select
                from pg_catalog.pg_depend as d
                where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                    and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    and d.refobjid = p.oid
            )
        )
    )
order by shown.ident
