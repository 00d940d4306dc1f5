-- The bloated index is in use: each tenant's best suggestions were looked for many times.
-- columns: scans
-- Minimum version: 13.
select count(*) as scans
from pg_catalog.generate_series(1, 1500) as number
cross join lateral (
    select confidence_score from public.suggestions
    where tenant_id = 't_casa_verde' and model_name = 'br-titles' and confidence_score > number / 1500.0
    order by confidence_score limit 1
) as best;
