-- The two roles of the suite: the login, which connects, and the maintenance role, which acts.
-- Minimum version: 13

-- name: needed
-- What it answers: is there no role of that name?
-- Columns: needed.
select not exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
) as needed;

-- name: create_maintenance
-- What it does: creates the role that acts; row-level security must not hide rows from maintenance.
create role {role} nologin bypassrls;

-- name: create_login
-- What it does: creates the role that runs connect as; how it proves who it is stays the administrator's business.
create role {role} login;

-- name: bypassrls_needed
-- What it answers: is there a role of that name that row-level security filters?
-- Columns: needed.
select exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
        and not r.rolbypassrls
        and not r.rolsuper
) as needed;

-- name: bypassrls
-- What it does: lets the role see every tenant's rows; the attribute is never inherited through membership.
alter role {role} bypassrls;

-- name: login_needed
-- What it answers: is there a role of that name that may not log in?
-- Columns: needed.
select exists (
    select
    from pg_catalog.pg_roles as r
    where r.rolname = %(role)s
        and not r.rolcanlogin
) as needed;

-- name: login
-- What it does: lets the role log in.
alter role {role} login;

-- name: connect
-- What it answers: which statement lets the login role connect to this database, where it may not?
-- Columns: statement.
select pg_catalog.format('grant connect on database %%I to %%I', pg_catalog.current_database(), %(login)s) as statement
where not coalesce(
    (
        select pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
        from pg_catalog.pg_roles as r
        where r.rolname = %(login)s
    ),
    pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'connect')
);
