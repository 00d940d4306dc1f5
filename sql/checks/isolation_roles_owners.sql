-- What it answers: which roles of the application own tables of tenants or can become their owner, and so switch row-level security off?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: owner, as the profile names it ('' for none); those of isolation/tables and isolation/reached; {tables}, {reached}
-- Minimum version: 13
select
    'role' as object_type,
    reached.start as object_name,
    case
        when reached.member is null then 'owns ' || owned.number || ' tables of tenants'
        else 'has the rights of ' || reached.ident || ', the owner of ' || owned.number || ' tables of tenants'
    end as observed,
    'a role that cannot change their row-level security' as expected,
    'the owner can disable row-level security, whether it is forced or not, ' || owned.example || ' among them: ' || reached.chain as detail,
    case
        when reached.member is null then other.made || 'reassign owned by ' || reached.ident || ' to ' || other.ident
        when reached.granted and pg_catalog.current_setting('server_version_num')::integer < 160000
            then 'alter role ' || reached.member || ' nocreaterole'
        else 'revoke ' || reached.ident || ' from ' || reached.member
    end as remediation
from ({reached}) as reached
join (
    select tables.owner, pg_catalog.count(*) as number, pg_catalog.min(tables.ident) as example
    from ({tables}) as tables
    group by tables.owner
) as owned on owned.owner = reached.role
cross join lateral (
    -- The owner that the profile names, where it is another one.
    select
        pg_catalog.quote_ident(named.role) as ident,
        case
            when exists (select from pg_catalog.pg_roles as r where r.rolname = named.role) then ''
            else 'create role ' || pg_catalog.quote_ident(named.role) || ' nologin; '
        end as made
    from (
        select
            case
                when %(owner)s::text in ('', r.rolname::text) then pg_catalog.left(r.rolname::text, 57) || '_owner'
                else %(owner)s::text
            end as role
        from pg_catalog.pg_roles as r
        where r.oid = reached.role
    ) as named
) as other
where not reached.implied
    and reached.past is null
order by object_name, observed
