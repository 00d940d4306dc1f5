-- People, by exception.
grant select, insert, update, delete on public.rule_sets, public.rule_versions, public.correction_logs, public.suggestions
    to validahub_admin;
