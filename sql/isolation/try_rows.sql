-- What a view shows in the columns that a role may read, as JSON.
-- Minimum version: 13
select pg_catalog.to_jsonb(r.*) as said
from (select {columns} from {relation}) as r
limit 10000
