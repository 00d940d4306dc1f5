-- A defect: every session begins in a tenant.
-- Minimum version: 13

-- name: plant
alter database {database} set {setting_name} = 'steward_mutation';
