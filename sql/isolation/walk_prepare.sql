-- What it does: keeps the question which tenants' rows a session sees, with its plan.
-- Minimum version: 13
prepare {plan} as select r.{column}::pg_catalog.text as tenant, pg_catalog.count(*) as rows from {relation} as r group by 1 order by 1
