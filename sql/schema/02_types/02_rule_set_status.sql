-- A rule set's life.
-- Minimum version: 13.
create type public.rule_set_status as enum (
    'draft',
    'published',
    'deprecated',
    'archived'
);
