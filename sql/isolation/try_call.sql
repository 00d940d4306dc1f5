-- What a function returns, as JSON.
-- Minimum version: 13
select pg_catalog.to_jsonb(said) as said
from {function}({arguments}) as said
limit 1000
