-- Those who work inside a tenant.
-- Minimum version: 13.
grant execute on function public.set_tenant_context(text, text), public.clear_tenant_context()
    to validahub_app, validahub_analytics, validahub_admin, validahub_system;
