-- What it answers: where was a role of the application granted what no policy lets it do, though the table has policies?
-- Restrictive policies only narrow what permissive ones let through, so that alone they deny all. A permissive policy for
-- inserts without a check denies as well, and says so plainly.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/filters and isolation/actors; {filters}, {actors}
-- Minimum version: 13
with filters as (
    {filters}
),
actors as (
    {actors}
),
denied as (
    select
        filters.ident,
        filters.filter,
        actors.name,
        pg_catalog.string_agg(command.name, ', ' order by command.place) as commands,
        bool_or(applying.narrowed) as restricted
    from filters
    cross join actors
    cross join (values (1, 'select', 'r'), (2, 'insert', 'a'), (3, 'update', 'w'), (4, 'delete', 'd')) as command (place, name, letter)
    cross join lateral (
        select coalesce(bool_or(p.polpermissive), false) as permitted, coalesce(bool_or(not p.polpermissive), false) as narrowed
        from pg_catalog.pg_policy as p
        where p.polrelid = filters.oid
            and p.polcmd in ('*', command.letter::"char")
            and exists (
                select
                from pg_catalog.unnest(p.polroles) as named (oid)
                where named.oid = 0 or pg_catalog.pg_has_role(actors.oid, named.oid, 'usage')
            )
    ) as applying
    where filters.rls
        and exists (select from pg_catalog.pg_policy as p where p.polrelid = filters.oid)
        and not applying.permitted
        and case
            when command.name = 'delete' then pg_catalog.has_table_privilege(actors.oid, filters.oid, 'delete')
            else pg_catalog.has_any_column_privilege(actors.oid, filters.oid, command.name)
        end
    group by filters.ident, filters.filter, actors.name
)
select
    'table' as object_type,
    denied.ident as object_name,
    'no policy lets through ' || pg_catalog.string_agg(
        denied.commands || ' as ' || pg_catalog.quote_ident(denied.name), '; ' order by denied.name collate "C"
    ) as observed,
    'a permissive policy for what was granted' as expected,
    case
        when bool_or(denied.restricted) then 'only restrictive policies apply, and these narrow nothing: every row is denied'
        else 'the table''s policies are for other roles or commands: every row is denied'
    end as detail,
    coalesce(
        pg_catalog.format('create policy tenant_isolation on %%s as permissive using (%%s)', denied.ident, denied.filter),
        pg_catalog.format('revoke all on %%s from %%s', denied.ident, pg_catalog.string_agg(pg_catalog.quote_ident(denied.name), ', '))
    ) as remediation
from denied
group by denied.ident, denied.filter
order by denied.ident
