-- … and the policy asks it.
-- Minimum version: 13
create policy steward_mutation on {table} using ({column}::text = {made}())
