-- Every command sees and writes the current tenant's rows. The setting is NULL when it was never set in the session and empty
-- after a reset; neither equals a tenant, whose format the table's CHECK holds.
-- Minimum version: 13.
create policy tenant_isolation on public.rule_sets
    as permissive for all to public
    using (tenant_id = current_setting('app.current_tenant_id', true))
    with check (tenant_id = current_setting('app.current_tenant_id', true));
