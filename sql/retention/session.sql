-- What it answers: does this session see every tenant's rows, or an error instead of fewer?
-- Columns: role, sees_all.
-- Minimum version: 13.
select
    current_user::pg_catalog.text as role,
    (role.rolbypassrls or role.rolsuper) and pg_catalog.current_setting('row_security') = 'off' as sees_all
from pg_catalog.pg_roles as role
where role.rolname = current_user
