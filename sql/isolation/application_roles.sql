-- As which roles does the application come: the named ones, and the logins with their rights, that row-level security filters.
-- Logins that can become a role which it does not filter are left out: what they may is no question of policies.
-- Other statements take it as their part {actors}.
-- Columns: oid; name
-- Parameters: roles; others bigint[], oids of roles that are judged beside them
-- Minimum version: 13
select r.oid, r.rolname::text as name
from pg_catalog.pg_roles as r
where not r.rolsuper
    and not r.rolbypassrls
    and (
        r.rolname = any (%(roles)s)
        or r.oid::bigint = any (%(others)s::bigint[])
        or (
            r.rolcanlogin
            and exists (
                select
                from pg_catalog.pg_roles as application
                where application.rolname = any (%(roles)s) and pg_catalog.pg_has_role(r.oid, application.oid, 'usage')
            )
            and not exists (
                select
                from pg_catalog.pg_roles as above
                where (above.rolsuper or above.rolbypassrls) and pg_catalog.pg_has_role(r.oid, above.oid, 'member')
            )
        )
    )
order by r.rolname collate "C"
