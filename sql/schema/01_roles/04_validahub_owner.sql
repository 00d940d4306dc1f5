-- Owns the tables, partitions and functions; migrations run as it. Roles belong to the cluster, so that it may exist already.
-- Minimum version: 13.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_owner') then
        create role validahub_owner nologin;
    end if;
end
$$;
