-- Every role of the server, and what it has that row-level security does not stop.
-- Columns: oid; name; ident; login; past, how it reads past row-level security (NULL: not by itself); bypasses, whether no policy
-- holds for it; inherited, whether members have what is past without SET ROLE, as an attribute never is
-- Minimum version: 13
select
    r.oid::bigint,
    r.rolname::text as name,
    pg_catalog.quote_ident(r.rolname) as ident,
    r.rolcanlogin as login,
    case
        when r.rolsuper then 'is a superuser'
        when r.rolbypassrls then 'has BYPASSRLS'
        when r.rolreplication then 'has REPLICATION, which reads all rows from the WAL'
        when r.rolname = 'pg_read_server_files' then 'reads the server''s files, those of tables included'
        when r.rolname = 'pg_write_server_files' then 'writes the server''s files'
        when r.rolname = 'pg_execute_server_program' then 'runs programs as the server does'
    end as past,
    r.rolsuper or r.rolbypassrls as bypasses,
    r.rolname in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program') as inherited
from pg_catalog.pg_roles as r
order by r.oid
