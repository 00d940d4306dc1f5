-- Empties the context for the rest of the transaction: policies see no tenant.
-- Minimum version: 13.
create or replace function public.clear_tenant_context()
returns void
language plpgsql
as $$
begin
    perform pg_catalog.set_config('app.current_tenant_id', '', true);
    perform pg_catalog.set_config('app.current_user_id', '', true);
end
$$;
