-- What it answers: which roles of the application read past row-level security, or can become a role that does, and by which memberships?
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of isolation/reachable_roles; {reached}
-- Minimum version: 13
select
    'role' as object_type,
    reached.start as object_name,
    case
        when reached.member is null then reached.past
        when reached.acts then 'can become ' || reached.ident || ', which ' || reached.past
        else 'has the rights of ' || reached.ident || ', which ' || reached.past
    end as observed,
    'a role that policies hold for, whatever it becomes' as expected,
    case reached.kind when 'login' then 'the application may connect as it, and ' else '' end
    || 'no policy filters what it reads then: ' || reached.chain as detail,
    case
        when reached.member is null then 'alter role ' || reached.ident || case
            when reached.past like '%%superuser' then ' nosuperuser nobypassrls'
            when reached.past like '%%BYPASSRLS' then ' nobypassrls'
            else ' noreplication'
        end
        when reached.granted and pg_catalog.current_setting('server_version_num')::integer < 160000
            then 'alter role ' || reached.member || ' nocreaterole'
        else 'revoke ' || reached.ident || ' from ' || reached.member
    end as remediation
from ({reached}) as reached
where reached.past is not null
    and not reached.implied
order by object_name, observed
