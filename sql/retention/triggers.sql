-- What it answers: which triggers and rewrite rules of these tables' trees would do more than the statement says?
-- Parameters: relations, events ('delete' or 'update' of the relation at the same place), columns (JSON arrays of the columns
-- that an update sets, at the same place).
-- Columns: name (schema, table and trigger as PostgreSQL quotes them), event, level, calls.
-- Minimum version: 13.
with recursive watched as (
    select wanted.relation, wanted.event, wanted.columns
    from rows from (
        pg_catalog.unnest(%(relations)s::pg_catalog.oid[]),
        pg_catalog.unnest(%(events)s::pg_catalog.text[]),
        pg_catalog.unnest(%(columns)s::pg_catalog.text[])
    ) as wanted (relation, event, columns)
    union
    select child.inhrelid, watched.event, watched.columns
    from watched
    join pg_catalog.pg_inherits as child on child.inhparent = watched.relation
    join pg_catalog.pg_class as partition on partition.oid = child.inhrelid and partition.relispartition
)
select distinct
    pg_catalog.quote_ident(namespace.nspname) || '.' || pg_catalog.quote_ident(relation.relname)
    || '.' || pg_catalog.quote_ident(found.name) as name,
    watched.event,
    found.level,
    found.calls
from watched
join pg_catalog.pg_class as relation on relation.oid = watched.relation
join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
cross join lateral (
    select
        trigger.tgname as name,
        case when trigger.tgtype & 1 = 1 then 'row' else 'statement' end as level,
        trigger.tgfoid::pg_catalog.regprocedure::pg_catalog.text as calls
    from pg_catalog.pg_trigger as trigger
    where trigger.tgrelid = watched.relation
        -- Before 15 what was handed down is internal as well, as triggers of foreign keys are.
        and (
            not trigger.tgisinternal
            or trigger.tgparentid <> 0
            and not exists (
                select
                from pg_catalog.pg_constraint as own
                where own.oid = trigger.tgconstraint and own.contype <> 't'
            )
        )
        -- What a partitioned parent has handed down counts once, at the parent, where that is looked at, too.
        and not exists (
            select
            from pg_catalog.pg_trigger as origin
            join watched as above on above.relation = origin.tgrelid and above.event = watched.event
            where origin.oid = trigger.tgparentid and origin.tgenabled in ('O', 'A')
        )
        and trigger.tgenabled in ('O', 'A')
        -- 8 and 16 are TRIGGER_TYPE_DELETE and TRIGGER_TYPE_UPDATE of pg_trigger.h.
        and trigger.tgtype & case watched.event when 'delete' then 8 else 16 end <> 0
        and (
            watched.event = 'delete'
            or pg_catalog.cardinality(trigger.tgattr::pg_catalog.int2[]) = 0
            or exists (
                select
                from pg_catalog.pg_attribute as attribute
                where attribute.attrelid = trigger.tgrelid
                    and attribute.attnum = any (trigger.tgattr::pg_catalog.int2[])
                    and watched.columns::pg_catalog.jsonb @> pg_catalog.to_jsonb(attribute.attname::pg_catalog.text)
            )
        )
    union all
    select rewrite.rulename, 'rule', 'the statements of the rewrite rule'
    from pg_catalog.pg_rewrite as rewrite
    where rewrite.ev_class = watched.relation
        and rewrite.ev_enabled in ('O', 'A')
        and rewrite.ev_type = case watched.event when 'delete' then '4' else '2' end
) as found
order by name, event
