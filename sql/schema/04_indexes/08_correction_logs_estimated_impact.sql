-- Searches in the estimated impact.
-- Minimum version: 13.
create index correction_logs_estimated_impact on public.correction_logs using gin (estimated_impact);
