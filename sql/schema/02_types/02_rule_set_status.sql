-- A rule set's life.
create type public.rule_set_status as enum (
    'draft',
    'published',
    'deprecated',
    'archived'
);
