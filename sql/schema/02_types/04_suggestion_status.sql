-- What became of a suggestion.
-- Minimum version: 13.
create type public.suggestion_status as enum (
    'generated',
    'reviewed',
    'accepted',
    'rejected',
    'expired',
    'applied',
    'implemented'
);
