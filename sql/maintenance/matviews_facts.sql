-- What decides about the refresh of materialized views: their content's age, what they read, who reads for them.
-- Columns: oid, schema, name, ident, view_name, owner, populated; has_key, whether an index allows CONCURRENTLY; has_tenant;
-- tablespace; size, with indexes, as it was when it was last counted; last_refreshed, age; stale, whether that is more than
-- its rule allows; rows and seconds of the last refresh; plain_seconds, of the last one that was plain; sources, the materialized views that it reads; source_refreshed,
-- the newest refresh of one; tables, what else it reads; filtered, those of which row-level security hides rows from it
-- Parameters: views, oids; rules, a JSON array of objects with oid and staleness, an interval; column of the tenant, '' for
-- none; remember, an interval; {known}, {reached}
-- Minimum version: 13
with known as (
    {known}
),
reached as (
    {reached}
),
read as (
    select
        reached.view,
        pg_catalog.array_agg(distinct c.oid::bigint order by c.oid::bigint) filter (where c.relkind = 'm') as sources,
        pg_catalog.array_agg(distinct c.oid::bigint order by c.oid::bigint) filter (where c.relkind in ('r', 'p', 'f')) as tables,
        pg_catalog.max(source.last_refreshed) as source_refreshed,
        -- As check_enable_rls() of rls.c decides it.
        pg_catalog.array_agg(distinct c.oid::pg_catalog.regclass::text order by c.oid::pg_catalog.regclass::text) filter (
            where c.relkind in ('r', 'p')
                and c.relrowsecurity
                and not (reader.rolsuper or reader.rolbypassrls)
                and (c.relforcerowsecurity or not pg_catalog.pg_has_role(reader.oid, c.relowner, 'usage'))
        ) as filtered
    from reached
    join pg_catalog.pg_class as c on c.oid = reached.oid
    join pg_catalog.pg_roles as reader on reader.oid = reached.reader
    left join known as other on other.oid = reached.oid
    left join public.materialized_view_metadata as source on source.view_name = other.view_name
    where reached.view = any (%(views)s::oid[])
    group by reached.view
),
plain as (
    select distinct on ((l.details ->> 'oid')::bigint)
        (l.details ->> 'oid')::bigint as oid,
        (l.details ->> 'plain_seconds')::double precision as seconds
    from public.maintenance_log as l
    where l.maintenance_type = 'matviews'
        and l.details ? 'plain_seconds'
        and l.started_at > pg_catalog.now() - %(remember)s::interval
    order by (l.details ->> 'oid')::bigint, l.id desc
)
select
    known.oid::bigint as oid,
    known.schema,
    known.name,
    known.ident,
    known.view_name,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) as owner,
    c.relispopulated as populated,
    -- As is_usable_unique_index() of matview.c has it.
    exists (
        select
        from pg_catalog.pg_index as i
        join pg_catalog.pg_class as ic on ic.oid = i.indexrelid
        join pg_catalog.pg_am as am on am.oid = ic.relam and am.amname = 'btree'
        where i.indrelid = c.oid
            and i.indisunique
            and i.indimmediate
            and i.indisvalid
            and i.indpred is null
            and 0 <> all (i.indkey::smallint[])
    ) as has_key,
    exists (
        select
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
    ) as has_tenant,
    c.reltablespace::bigint as tablespace,
    (
        select coalesce(pg_catalog.sum(part.relpages), 0)::bigint * pg_catalog.current_setting('block_size')::bigint
        from pg_catalog.pg_class as part
        where part.oid in (c.oid, c.reltoastrelid)
            or part.oid in (select i.indexrelid from pg_catalog.pg_index as i where i.indrelid = c.oid)
    ) as size,
    pg_catalog.to_char(m.last_refreshed at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last_refreshed,
    pg_catalog.date_trunc('second', pg_catalog.now() - m.last_refreshed)::text as age,
    coalesce(m.last_refreshed < pg_catalog.now() - rule.staleness::interval, false) as stale,
    m.records_processed as rows,
    m.refresh_duration_seconds::double precision as seconds,
    plain.seconds as plain_seconds,
    coalesce(read.sources, '{{}}') as sources,
    pg_catalog.to_char(read.source_refreshed at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as source_refreshed,
    coalesce(read.tables, '{{}}') as tables,
    coalesce(read.filtered, '{{}}') as filtered
from known
join pg_catalog.pg_class as c on c.oid = known.oid
left join read on read.view = known.oid
left join plain on plain.oid = known.oid
left join public.materialized_view_metadata as m on m.view_name = known.view_name
left join pg_catalog.jsonb_to_recordset(%(rules)s::pg_catalog.jsonb) as rule (oid bigint, staleness text)
    on rule.oid = known.oid::bigint
where known.oid = any (%(views)s::oid[])
order by known.schema collate "C", known.name collate "C"
