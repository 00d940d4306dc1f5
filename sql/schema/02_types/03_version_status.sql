-- A version's life.
create type public.version_status as enum (
    'draft',
    'testing',
    'published',
    'deprecated',
    'archived'
);
