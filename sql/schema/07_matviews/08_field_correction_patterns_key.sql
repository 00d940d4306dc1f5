-- Allows REFRESH CONCURRENTLY.
-- Minimum version: 13.
create unique index field_correction_patterns_key on public.field_correction_patterns (tenant_id, field_name, channel, metric_month);
