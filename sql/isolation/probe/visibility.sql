-- Of which tenants a role sees rows, directly or by a plan that was prepared before.
-- Minimum version: 13

-- name: select
-- Of which tenants rows are seen: a column for each.
select {seen};

-- fragment: any_row
-- A column: whether any row under a condition is seen.
exists (select from {relation} as r where {condition}) as {label}

-- fragment: of_tenant
-- A condition: the row is a tenant's.
r.{column} = {tenant}

-- fragment: of_unknown_tenant
-- A condition: the row is no known tenant's.
r.{column} is null or r.{column} not in ({tenants})

-- fragment: of_no_tenant
-- A condition: the row is nobody's.
r.{column} is null

-- name: prepare
-- What it does: keeps a statement with its plan.
prepare {kept} as {statement};

-- name: execute
-- What it does: runs a statement that was prepared.
execute {kept};

-- name: deallocate
-- What it does: forgets the session's prepared statements.
deallocate all;
