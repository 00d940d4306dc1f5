-- The functions that set the tenant of a transaction.
-- Minimum version: 13

-- name: set_tenant_context
-- Sets the tenant and the user for the current transaction; a name that is none is refused here and not only by the policies.
create or replace function public.set_tenant_context(tenant_id text, user_id text)
returns void
language plpgsql
as $$
begin
    if tenant_id is null or tenant_id !~ '^t_[a-z0-9_]{1,47}$' then
        raise exception 'tenant id % is not of the form t_[a-z0-9_]', coalesce(quote_literal(tenant_id), 'NULL')
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_catalog.set_config('app.current_tenant_id', tenant_id, true);
    perform pg_catalog.set_config('app.current_user_id', coalesce(user_id, ''), true);
end
$$;

-- name: clear_tenant_context
-- Empties the context for the rest of the transaction: policies see no tenant.
create or replace function public.clear_tenant_context()
returns void
language plpgsql
as $$
begin
    perform pg_catalog.set_config('app.current_tenant_id', '', true);
    perform pg_catalog.set_config('app.current_user_id', '', true);
end
$$;
