-- A tenant's active sets of a channel.
-- Minimum version: 13.
create index rule_sets_tenant_channel on public.rule_sets (tenant_id, channel) where deleted_at is null;
