-- What it answers: how much of the disk with the data directory do databases and WAL fill, and how much a tablespace?
-- Columns: databases (all of them, but for what lies in tablespaces of their own place), tablespace; bytes.
-- Parameters: tablespace, its name.
-- Minimum version: 13.
select
    (
        select pg_catalog.sum(pg_catalog.pg_tablespace_size(t.oid))
        from pg_catalog.pg_tablespace as t
        where pg_catalog.pg_tablespace_location(t.oid) = ''
    )::bigint + (select coalesce(pg_catalog.sum(w.size), 0) from pg_catalog.pg_ls_waldir() as w)::bigint as databases,
    (
        select pg_catalog.pg_tablespace_size(t.oid)
        from pg_catalog.pg_tablespace as t
        where t.spcname = %(tablespace)s
    ) as tablespace
order by 1
