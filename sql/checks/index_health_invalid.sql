-- What it answers: which indexes are invalid, but for those that are being built at this moment? TOAST tables' too.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: those of inventory/included; left_over, whether those that an interrupted build has left, or the others
-- Minimum version: 13
with ours as (
    {ours}
),
tables as (
    select c.oid, c.oid as table_oid
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
    union all
    select c.reltoastrelid, c.oid
    from ours
    join pg_catalog.pg_class as c on c.oid = ours.oid
    where c.reltoastrelid <> 0
),
invalid as (
    select
        c.oid,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
        n.nspname = 'pg_toast' as of_toast,
        c.relkind = 'I' as of_parent,
        c.relname ~ '_cc(new|old)[0-9]*$' as left_over,
        i.indisunique as is_unique,
        i.indisready as is_written,
        c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint as size,
        pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) as table_ident
    from tables
    join pg_catalog.pg_index as i on i.indrelid = tables.oid and not i.indisvalid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_class as t on t.oid = tables.table_oid
    join pg_catalog.pg_namespace as tn on tn.oid = t.relnamespace
    where not exists (
            select
            from pg_catalog.pg_stat_progress_create_index as p
            where p.relid = tables.oid
                and p.datname = pg_catalog.current_database()
        )
        -- A build and a drop hold more on the index than those who read and write the table.
        and not exists (
            select
            from pg_catalog.pg_locks as l
            where l.locktype = 'relation'
                and l.relation = i.indexrelid
                and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
                and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        )
)
select
    'index' as object_type,
    i.ident as object_name,
    case when i.left_over then 'left by a build that did not end' else 'invalid' end
        || case when i.of_parent then '' else ', ' || pg_catalog.pg_size_pretty(i.size) end as observed,
    'valid, or not there' as expected,
    'on ' || i.table_ident || ': no query uses it'
        || case when i.of_parent then '; it lacks the index of some leaf' when i.is_written then ', and every write pays for it' else '' end
        || case
            when i.is_unique and not i.left_over and not i.of_parent then '; the rows may hold duplicates that it should have refused'
            else ''
        end as detail,
    case
        when i.of_parent then 'create the index on each leaf that lacks it and attach it: alter index ' || i.ident || ' attach partition …'
        when i.of_toast then 'let a superuser run: drop index ' || i.ident
        when i.left_over then 'the item leftovers of the daily run drops it where a valid twin does the same, else: drop index concurrently '
            || i.ident
        else 'reindex index concurrently ' || i.ident || ', or drop index concurrently ' || i.ident
    end as remediation
from invalid as i
where i.left_over = %(left_over)s
order by i.ident collate "C"
