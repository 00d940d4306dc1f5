-- Only whom the context concerns may set it.
-- Minimum version: 13.
revoke execute on function public.set_tenant_context(text, text), public.clear_tenant_context() from public;
