-- What it does: fills a materialized view with what the transaction sees.
-- Minimum version: 13
refresh materialized view {relation}
