-- The types. They, the tables and the functions belong to the owner role.
-- Minimum version: 13

-- name: set_role
-- Types, tables and functions belong to the role that migrations run as.
set role validahub_owner;

-- name: marketplace_channel
-- Where a seller sells.
create type public.marketplace_channel as enum (
    'mercado_livre',
    'mercado_livre_classic',
    'mercado_livre_premium',
    'magalu',
    'amazon_br',
    'amazon_mx',
    'shopee',
    'b2w',
    'via_varejo',
    'carrefour',
    'custom'
);

-- name: rule_set_status
-- A rule set's life.
create type public.rule_set_status as enum (
    'draft',
    'published',
    'deprecated',
    'archived'
);

-- name: version_status
-- A version's life.
create type public.version_status as enum (
    'draft',
    'testing',
    'published',
    'deprecated',
    'archived'
);

-- name: suggestion_status
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
