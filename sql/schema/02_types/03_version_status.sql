-- A version's life.
-- Minimum version: 13.
create type public.version_status as enum (
    'draft',
    'testing',
    'published',
    'deprecated',
    'archived'
);
