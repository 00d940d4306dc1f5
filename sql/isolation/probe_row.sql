-- A row of a table as it stands, all values as text.
-- Minimum version: 13
select {columns}
from {relation} as r
limit 1
