-- What it answers: through which foreign keys does a change of a parent row reach children of other tenants, at once or by way of other tables?
-- What such a child takes along in turn is not told again.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/included; {foreign} is isolation/foreign_keys
-- Minimum version: 13
with recursive keys as (
    {foreign}
),
acts as materialized (
    -- All tables: those between two tables of tenants need not hold rows of tenants. Event: what happens to the parent's row. Next: what then happens to the child's row.
    select
        con.oid,
        con.confrelid as parent,
        con.confkey as parent_attnums,
        con.conrelid as child,
        con.conkey as attnums,
        act.event,
        what.command,
        case when act.event = 'delete' and what.command = 'cascade' then 'delete' else 'update' end as next,
        coalesce(keys.child_guarded, false) as guarded,
        -- Rows without a tenant of their own are those of their parent.
        coalesce(keys.paired or keys.child_tenant is null, true) as paired
    from pg_catalog.pg_constraint as con
    left join keys on keys.oid = con.oid
    cross join lateral (
        values
            ('delete', con.confdeltype),
            ('update', con.confupdtype)
    ) as act (event, action)
    cross join lateral (
        select case act.action when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' end as command
    ) as what
    where con.contype = 'f'
        and con.conparentid = 0
        -- From 18 on.
        and coalesce((pg_catalog.to_jsonb(con) ->> 'conenforced')::boolean, true)
        and what.command is not null
),
carried as (
    -- Held is what stays within the tenant: the first parent is guarded, and every key on the way has the tenant.
    select
        acts.oid,
        acts.event,
        acts.child,
        acts.attnums,
        acts.next,
        acts.guarded,
        acts.parent as origin,
        acts.event as verb,
        writers.names,
        true as direct,
        c.relrowsecurity and acts.paired as held
    from acts
    join pg_catalog.pg_class as c on c.oid = acts.parent
    cross join lateral (
        select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as names
        from pg_catalog.pg_roles as r
        where r.rolname = any (%(roles)s::text[])
            and case acts.event
                when 'delete' then pg_catalog.has_table_privilege(r.oid, acts.parent, 'delete')
                else exists (
                    select
                    from pg_catalog.unnest(acts.parent_attnums) as key (attnum)
                    where pg_catalog.has_column_privilege(r.oid, acts.parent, key.attnum, 'update')
                )
            end
    ) as writers
    where writers.names is not null
    union
    select
        acts.oid,
        acts.event,
        acts.child,
        acts.attnums,
        acts.next,
        acts.guarded,
        carried.origin,
        carried.verb,
        carried.names,
        false,
        carried.held and acts.paired
    from carried
    join acts on acts.parent = carried.child
        and acts.event = carried.next
        and (acts.event = 'delete' or acts.parent_attnums && carried.attnums)
    where carried.held or not carried.guarded
),
told as (
    select
        carried.oid,
        carried.event,
        acts.command,
        carried.verb,
        carried.names,
        carried.direct,
        pg_catalog.string_agg(origin.ident, ', ' order by origin.ident) as origins,
        pg_catalog.bool_or(origin.rls) as origin_rls
    from carried
    join acts on acts.oid = carried.oid and acts.event = carried.event
    cross join lateral (
        select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident, c.relrowsecurity as rls
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where c.oid = carried.origin
    ) as origin
    where carried.guarded
        and not carried.held
    group by carried.oid, carried.event, acts.command, carried.verb, carried.names, carried.direct
)
select
    'constraint' as object_type,
    keys.ident as object_name,
    'on ' || told.event || ' ' || told.command || ' from ' || keys.parent_ident
        || case
            when not told.direct then ', whose rows go or change with those of ' || told.origins
            when keys.parent_rls then ', by a key without the tenant'
            else ', which has no row-level security'
        end as observed,
    'a parent that is guarded as its children are, by the same tenant' as expected,
    told.names || ' may ' || told.verb || ' rows of ' || told.origins || ', and the server then '
        || case
            when told.command <> 'cascade' then 'overwrites columns'
            when told.event = 'delete' then 'deletes rows'
            else 'changes rows'
        end
        || ' of every tenant in ' || keys.child_ident || case when told.direct then '' else ' by way of ' || keys.parent_ident end
        || ': what a foreign key does passes by row-level security, forced or not' as detail,
    case
        -- Without the action the server refuses to change a parent that still has children.
        when not told.direct and told.origin_rls then pg_catalog.format(
            'alter table %%s drop constraint %%I, add constraint %%I %%s', keys.child_ident, con.conname, con.conname,
            pg_catalog.regexp_replace(
                pg_catalog.pg_get_constraintdef(con.oid),
                ' ON ' || pg_catalog.upper(told.event) || ' (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', ''
            )
        )
        when not told.direct or keys.parent_tenant is null
            then pg_catalog.format('revoke %%s on %%s from %%s', told.verb, told.origins, told.names)
        when keys.parent_rls then keys.mending
        else pg_catalog.format(
            'alter table %%s enable row level security; alter table %%s force row level security', keys.parent_ident, keys.parent_ident
        ) || case when keys.paired then '' else '; ' || keys.mending end
    end as remediation
from told
join keys on keys.oid = told.oid
join pg_catalog.pg_constraint as con on con.oid = told.oid
order by object_name, told.event, told.origins, told.verb
