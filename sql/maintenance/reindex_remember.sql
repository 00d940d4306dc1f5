-- What it does: remembers what was measured of an index, and forgets the indexes that are gone.
-- Parameters: oid, size, bloat and ratio (both may be NULL), rebuilt
-- Minimum version: 13
with gone as (
    delete from steward.index_bloat as b
    -- to_regclass() is an error where the name lies in a schema that may not be entered any more.
    where not exists (
        select
        from pg_catalog.parse_ident(b.index) as known (names)
        join pg_catalog.pg_namespace as n on n.nspname = known.names[1]
        join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = known.names[2]
    )
)
insert into steward.index_bloat as known (index, definition, measured_at, size, bloat, ratio, changes, rebuilt)
select
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
    pg_catalog.pg_get_indexdef(c.oid),
    pg_catalog.now(),
    %(size)s::bigint,
    %(bloat)s::double precision,
    %(ratio)s::double precision,
    pg_catalog.pg_stat_get_tuples_inserted(i.indrelid)
        + pg_catalog.pg_stat_get_tuples_updated(i.indrelid)
        + pg_catalog.pg_stat_get_tuples_deleted(i.indrelid),
    %(rebuilt)s::boolean
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_index as i on i.indexrelid = c.oid
where c.oid = %(oid)s::bigint::oid
on conflict (index) do update set
    definition = excluded.definition,
    measured_at = excluded.measured_at,
    size = excluded.size,
    bloat = excluded.bloat,
    ratio = coalesce(excluded.ratio, case when known.definition = excluded.definition then known.ratio end),
    changes = excluded.changes,
    rebuilt = excluded.rebuilt
