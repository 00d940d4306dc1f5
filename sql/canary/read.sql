-- One small read, as the application does thousands of: an index leads to the row, and its locks meet those of maintenance.
-- Columns: found
-- Minimum version: 13
select true as found
from {relation} as r
where {of_tenant} and {recent}
limit 1
