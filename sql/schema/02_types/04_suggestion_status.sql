-- What became of a suggestion.
create type public.suggestion_status as enum (
    'generated',
    'reviewed',
    'accepted',
    'rejected',
    'expired',
    'applied',
    'implemented'
);
