-- Maintenance; owns the materialized views and the views over them. Roles belong to the cluster, so that it may exist already.
-- Minimum version: 13.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_system') then
        create role validahub_system nologin bypassrls;
    end if;
end
$$;
