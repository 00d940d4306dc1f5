-- At most one current version a rule set.
create unique index rule_versions_one_current on public.rule_versions (rule_set_id) where is_current;
