-- What it answers: where was a role of the application granted what no policy lets it do, though the table has policies?
-- Restrictive policies only narrow what permissive ones let through, so that alone they deny all. A permissive policy for
-- inserts without a check denies as well, and says so plainly.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/tenant_filters and isolation/application_roles; {filters}, {actors}
-- Minimum version: 13
with filters as (
    {filters}
),
actors as (
    {actors}
),
lacking as (
    select
        filters.oid,
        filters.ident,
        filters.filter,
        actors.name,
        command.name as command,
        command.place,
        applying.narrowed
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
),
denied as (
    select
        lacking.oid,
        lacking.ident,
        pg_catalog.string_agg(lacking.command, ', ' order by lacking.place) || ' as ' || pg_catalog.quote_ident(lacking.name) as told,
        lacking.name,
        bool_or(lacking.narrowed) as restricted
    from lacking
    group by lacking.oid, lacking.ident, lacking.name
),
mended as (
    select each.oid, pg_catalog.string_agg(each.statement, '; ' order by each.place) as statements
    from (
        select
            lacking.oid,
            lacking.place,
            case
                when lacking.filter is null then pg_catalog.format('revoke %%s on %%s from %%s', lacking.command, lacking.ident, who.names)
                else pg_catalog.format(
                    'create policy %%I on %%s for %%s to %%s %%s (%%s)', free.name, lacking.ident, lacking.command, who.names,
                    case lacking.command when 'insert' then 'with check' else 'using' end, lacking.filter
                )
            end as statement
        from (
            select distinct lacking.oid, lacking.ident, lacking.filter, lacking.command, lacking.place
            from lacking
        ) as lacking
        cross join lateral (
            select pg_catalog.string_agg(pg_catalog.quote_ident(other.name), ', ' order by other.name collate "C") as names
            from lacking as other
            where other.oid = lacking.oid and other.command = lacking.command
        ) as who
        cross join lateral (
            -- A name that no policy of the table has.
            select pg_catalog.min(tried.name) as name
            from (
                select 'tenant_' || lacking.command || case number when 0 then '' else '_' || number end as name
                from pg_catalog.generate_series(0, 9) as number
            ) as tried
            where not exists (select from pg_catalog.pg_policy as p where p.polrelid = lacking.oid and p.polname = tried.name)
        ) as free
    ) as each
    group by each.oid
)
select
    'table' as object_type,
    denied.ident as object_name,
    'no policy lets through ' || pg_catalog.string_agg(denied.told, '; ' order by denied.name collate "C") as observed,
    'a permissive policy for what was granted' as expected,
    case
        when bool_or(denied.restricted) then 'only restrictive policies apply, and these narrow nothing: every row is denied'
        else 'the table''s policies are for other roles or commands: every row is denied'
    end as detail,
    mended.statements || '; -- or revoke what is not meant to be possible' as remediation
from denied
join mended on mended.oid = denied.oid
group by denied.oid, denied.ident, mended.statements
order by denied.ident
