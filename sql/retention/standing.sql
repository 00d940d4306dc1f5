-- What it answers: which legal holds stand, as written? Cheap enough to be asked before every batch.
-- Columns: id, tenant, table_name, predicate, owner.
-- Minimum version: 13.
select
    hold.id,
    hold.tenant_id as tenant,
    hold.table_name,
    hold.predicate,
    hold.owner
from steward.legal_hold as hold
where hold.until is null or hold.until >= pg_catalog.now()
order by hold.id
