-- What a view shows, as JSON.
-- Minimum version: 13
select pg_catalog.to_jsonb(r) as said
from {relation} as r
limit 10000
