-- The roles of the application's database. Roles belong to the cluster, so they may exist already.
-- Minimum version: 13

-- name: validahub_app
-- The application, inside one tenant. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_app') then
        create role validahub_app nologin;
    end if;
end
$$;

-- name: validahub_analytics
-- Reads inside one tenant. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_analytics') then
        create role validahub_analytics nologin;
    end if;
end
$$;

-- name: validahub_admin
-- People, by exception. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_admin') then
        create role validahub_admin nologin bypassrls;
    end if;
end
$$;

-- name: validahub_owner
-- Owns the tables, partitions and functions; migrations run as it. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_owner') then
        create role validahub_owner nologin;
    end if;
end
$$;

-- name: validahub_system
-- Maintenance; owns the materialized views and the views over them. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_system') then
        create role validahub_system nologin bypassrls;
    end if;
end
$$;

-- name: validahub_maintenance
-- What the suite connects as; its rights come from memberships. Roles belong to the cluster, so that it may exist already.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_maintenance') then
        create role validahub_maintenance login;
    end if;
end
$$;

-- name: system_is_owner
-- Vacuum, analyze, attach, detach and drop need the owner's rights.
grant validahub_owner to validahub_system;

-- name: system_monitors
-- Without it other sessions' state reads NULL.
grant pg_monitor, pg_stat_scan_tables to validahub_system;

-- name: maintenance_is_system
-- The login becomes the maintenance role with SET ROLE: BYPASSRLS is never inherited.
grant validahub_system to validahub_maintenance;

-- name: maintenance_is_app
-- Probes and the canary act as the application.
grant validahub_app to validahub_maintenance;

-- name: maintenance_is_analytics
-- Probes act as the analysts, too.
grant validahub_analytics to validahub_maintenance;

-- name: owner_creates
-- Migrations create tables; from 15 on PUBLIC has no such right.
grant usage, create on schema public to validahub_owner;

-- name: system_creates
-- The owner of a materialized view needs it when the view is made.
grant usage, create on schema public to validahub_system;

-- name: others_use
-- Explicit, for databases that took the default from PUBLIC.
grant usage on schema public to validahub_app, validahub_analytics, validahub_admin;
