-- What it answers: through which foreign keys does a change of a parent row reach children of other tenants?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/ours; {foreign} is isolation/foreign_keys
-- Minimum version: 13
with keys as (
    {foreign}
),
acts as (
    select
        keys.*,
        act.verb,
        what.command,
        act.event,
        writers.names,
        writers.granted
    from keys
    cross join lateral (
        values
            ('delete', 'on delete ', keys.on_delete),
            ('update', 'on update ', keys.on_update)
    ) as act (verb, event, action)
    cross join lateral (
        select case act.action when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' end as command
    ) as what
    cross join lateral (
        select
            pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as names,
            pg_catalog.format(
                'revoke %%s on %%s from %%s', act.verb, keys.parent_ident,
                pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname)
            ) as granted
        from pg_catalog.pg_roles as r
        where r.rolname = any (%(roles)s::text[])
            and case act.verb
                when 'delete' then pg_catalog.has_table_privilege(r.oid, keys.parent, 'delete')
                else exists (
                    select
                    from pg_catalog.unnest(keys.parent_attnums) as key (attnum)
                    where pg_catalog.has_column_privilege(r.oid, keys.parent, key.attnum, 'update')
                )
            end
    ) as writers
)
select
    'constraint' as object_type,
    acts.ident as object_name,
    acts.event || acts.command || ' from ' || acts.parent_ident
        || case when acts.parent_rls then ', by a key without the tenant' else ', which has no row-level security' end as observed,
    'a parent that is guarded as its children are, by the same tenant' as expected,
    acts.names || ' may ' || acts.verb || ' rows of ' || acts.parent_ident || ', and the server then '
        || case
            when acts.command <> 'cascade' then 'overwrites columns'
            when acts.verb = 'delete' then 'deletes rows'
            else 'changes rows'
        end
        || ' of every tenant in ' || acts.child_ident || ': what a foreign key does passes by row-level security, forced or not' as detail,
    case
        when acts.parent_tenant is null then acts.granted
        when acts.parent_rls then acts.mending
        else pg_catalog.format(
            'alter table %%s enable row level security; alter table %%s force row level security', acts.parent_ident, acts.parent_ident
        ) || case when acts.paired then '' else '; ' || acts.mending end
    end as remediation
from acts
where acts.child_guarded
    and acts.command is not null
    and acts.names is not null
    and not (acts.parent_rls and acts.paired)
order by object_name, acts.verb
