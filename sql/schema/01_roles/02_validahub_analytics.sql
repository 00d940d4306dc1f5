-- Reads inside one tenant. Roles belong to the cluster, so that it may exist already.
-- Minimum version: 13.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_analytics') then
        create role validahub_analytics nologin;
    end if;
end
$$;
