-- What the suite connects as; its rights come from memberships. Roles belong to the cluster, so that it may exist already.
-- Minimum version: 13.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'validahub_maintenance') then
        create role validahub_maintenance login;
    end if;
end
$$;
