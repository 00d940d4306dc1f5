-- Where a seller sells.
-- Minimum version: 13.
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
