-- People, by exception.
-- Minimum version: 13.
grant select, insert, update, delete on public.rule_sets, public.rule_versions, public.correction_logs, public.suggestions
    to validahub_admin;
