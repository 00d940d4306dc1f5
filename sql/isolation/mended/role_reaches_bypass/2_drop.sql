-- … then the role.
-- Minimum version: 13
drop role steward_mutation
