-- Searches in the estimated impact.
create index correction_logs_estimated_impact on public.correction_logs using gin (estimated_impact);
