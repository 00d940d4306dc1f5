-- A column: whether any row under a condition is seen.
-- Minimum version: 13
exists (select from {relation} as r where {condition}) as {label}
