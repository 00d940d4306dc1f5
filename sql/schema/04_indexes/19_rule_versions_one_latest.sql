-- At most one latest version a rule set.
-- Minimum version: 13.
create unique index rule_versions_one_latest on public.rule_versions (rule_set_id) where is_latest;
