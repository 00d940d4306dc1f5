-- Row-level security of the tables.
-- Minimum version: 13

-- name: rule_sets_enable
-- Row-level security is on.
alter table public.rule_sets enable row level security;

-- name: rule_sets_force
-- And holds for the owner as well.
alter table public.rule_sets force row level security;

-- name: rule_sets_tenant
-- Every command sees and writes the current tenant's rows. The setting is NULL when it was never set in the session and empty
-- after a reset; neither equals a tenant, whose format the table's CHECK holds.
create policy tenant_isolation on public.rule_sets
    as permissive for all to public
    using (tenant_id = current_setting('app.current_tenant_id', true))
    with check (tenant_id = current_setting('app.current_tenant_id', true));

-- name: rule_versions_enable
-- Row-level security is on.
alter table public.rule_versions enable row level security;

-- name: rule_versions_force
-- And holds for the owner as well.
alter table public.rule_versions force row level security;

-- name: rule_versions_tenant
-- Every command sees and writes the current tenant's rows. The setting is NULL when it was never set in the session and empty
-- after a reset; neither equals a tenant, whose format the table's CHECK holds.
create policy tenant_isolation on public.rule_versions
    as permissive for all to public
    using (tenant_id = current_setting('app.current_tenant_id', true))
    with check (tenant_id = current_setting('app.current_tenant_id', true));

-- name: correction_logs_enable
-- Row-level security is on.
alter table public.correction_logs enable row level security;

-- name: correction_logs_force
-- And holds for the owner as well.
alter table public.correction_logs force row level security;

-- name: correction_logs_tenant
-- Every command sees and writes the current tenant's rows. The setting is NULL when it was never set in the session and empty
-- after a reset; neither equals a tenant, whose format the table's CHECK holds.
create policy tenant_isolation on public.correction_logs
    as permissive for all to public
    using (tenant_id = current_setting('app.current_tenant_id', true))
    with check (tenant_id = current_setting('app.current_tenant_id', true));

-- name: suggestions_enable
-- Row-level security is on.
alter table public.suggestions enable row level security;

-- name: suggestions_force
-- And holds for the owner as well.
alter table public.suggestions force row level security;

-- name: suggestions_tenant
-- Every command sees and writes the current tenant's rows. The setting is NULL when it was never set in the session and empty
-- after a reset; neither equals a tenant, whose format the table's CHECK holds.
create policy tenant_isolation on public.suggestions
    as permissive for all to public
    using (tenant_id = current_setting('app.current_tenant_id', true))
    with check (tenant_id = current_setting('app.current_tenant_id', true));

-- name: correction_logs_read
-- Restrictive, so that it narrows the tenant's policy instead of being OR-ed with it: the application reads two years back.
create policy app_read_window on public.correction_logs
    as restrictive for select to validahub_app
    using (created_at >= now() - interval '2 years');

-- name: correction_logs_insert
-- The application writes in its current user's name only; an emptied name is refused by the table's CHECK.
create policy app_insert_as_self on public.correction_logs
    as restrictive for insert to validahub_app
    with check (created_by = current_setting('app.current_user_id', true));

-- name: correction_logs_update
-- What is closed stays closed. Without a check of its own the condition would judge the new row too, and nothing could be closed.
create policy app_update_open on public.correction_logs
    as restrictive for update to validahub_app
    using (status in ('pending', 'approved', 'applied'))
    with check (status in ('pending', 'approved', 'rejected', 'applied', 'reverted', 'deleted'));
