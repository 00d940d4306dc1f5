-- What it answers: which sequences are near their end, or that of a column that draws from them? What cycles within its
-- columns' types never ends. A sequence that cannot be read, or is being altered, is inconclusive.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: used and below, the shares from which on and below which a sequence is told; those of inventory/included; {ours}
-- is inventory/included
-- Minimum version: 13
with ours as (
    {ours}
),
columns as (
    -- Owned by a serial or identity column, or named in a default.
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid::integer as attnum
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_sequence as s on s.seqrelid = d.objid
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype in ('a', 'i')
        and d.refobjsubid > 0
    union
    select d.refobjid, def.adrelid, def.adnum
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_attrdef as def on def.oid = d.objid
    join pg_catalog.pg_sequence as s on s.seqrelid = d.refobjid
    where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
),
served as (
    select
        columns.sequence,
        pg_catalog.bool_or(columns.relation in (select ours.oid from ours)) as is_ours,
        pg_catalog.count(*) as columns,
        pg_catalog.min(
            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.' || pg_catalog.quote_ident(a.attname)
        ) as first,
        pg_catalog.min(
            case coalesce(nullif(t.typbasetype, 0), t.oid)
                when 'smallint'::pg_catalog.regtype then 32767
                when 'integer'::pg_catalog.regtype then 2147483647
                when 'bigint'::pg_catalog.regtype then 9223372036854775807
            end
        ) as most
    from columns
    join pg_catalog.pg_class as c on c.oid = columns.relation
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute as a on a.attrelid = columns.relation and a.attnum = columns.attnum
    join pg_catalog.pg_type as t on t.oid = a.atttypid
    group by columns.sequence
),
locked as (
    select distinct l.relation as oid
    from pg_catalog.pg_locks as l
    where l.locktype = 'relation'
        and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
        and l.pid is distinct from pg_catalog.pg_backend_pid()
),
sequences as (
    select
        s.*,
        n.nspname,
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as ident,
        served.columns,
        served.first,
        s.seqincrement > 0 as is_rising,
        least(s.seqmax, served.most) as upper,
        -- Integers reach one further down than up.
        greatest(s.seqmin, -served.most - 1) as lower,
        pg_catalog.has_sequence_privilege(c.oid, 'select, usage') as is_readable,
        c.oid in (select locked.oid from locked) as is_locked
    from pg_catalog.pg_sequence as s
    join pg_catalog.pg_class as c on c.oid = s.seqrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    left join served on served.sequence = s.seqrelid
    where c.relpersistence <> 't'
        and n.nspname !~ '^pg_'
        and n.nspname <> 'information_schema'
        and (pg_catalog.cardinality(%(schemas)s::text[]) = 0 or n.nspname = any (%(schemas)s::text[]))
        and not n.nspname || '.' || c.relname like any (%(exclude)s::text[])
        and coalesce(served.is_ours, true)
        and not exists (
            select
            from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid = c.oid
                and d.deptype = 'e'
        )
),
read as materialized (
    select
        sequences.*,
        case when sequences.is_readable and not sequences.is_locked then pg_catalog.pg_sequence_last_value(sequences.seqrelid) end as last
    from sequences
    where not sequences.seqcycle
        or case when sequences.is_rising then sequences.upper < sequences.seqmax else sequences.lower > sequences.seqmin end
),
measured as (
    select
        read.*,
        case
            when read.is_rising then (read.last - read.seqmin::numeric) / nullif(read.upper - read.seqmin::numeric, 0)
            else (read.seqmax::numeric - read.last) / nullif(read.seqmax::numeric - read.lower, 0)
        end as used,
        pg_catalog.div(
            case when read.is_rising then read.upper::numeric - read.last else read.last - read.lower::numeric end,
            pg_catalog.abs(read.seqincrement::numeric)
        ) as remaining
    from read
)
select
    'sequence' as object_type,
    m.ident as object_name,
    pg_catalog.trunc(100 * m.used, 1) || ' %% used, ' || greatest(m.remaining, 0) || ' values left' as observed,
    'at most ' || pg_catalog.round(100 * %(used)s::numeric, 1) || ' %%' as expected,
    case when m.first is null then 'no column draws from it by itself'
        else 'serves ' || m.first || case when m.columns > 1 then ' and ' || m.columns - 1 || ' other columns' else '' end
    end || '; its end is ' || case when m.is_rising then m.upper else m.lower end as detail,
    case
        when (m.is_rising and m.upper < m.seqmax) or (not m.is_rising and m.lower > m.seqmin) then 'make the columns that draw from it bigint'
        when pg_catalog.format_type(m.seqtypid, null) <> 'bigint' then 'alter sequence ' || m.ident || ' as bigint, once the columns that draw from it are'
        else 'alter sequence ' || m.ident || case when m.is_rising then ' no maxvalue' else ' no minvalue' end
    end as remediation
from measured as m
where m.used > %(used)s::numeric
    and m.used <= %(below)s::numeric
union all
select
    'inconclusive',
    pg_catalog.min(m.ident) || case when pg_catalog.count(*) > 1 then ' and ' || pg_catalog.count(*) - 1 || ' other sequences' else '' end,
    'cannot be read',
    'readable by the maintenance role',
    case when m.is_readable then 'being altered by another session' else current_user || ' may not read it' end,
    case
        when m.is_readable then 'run nox -s checks again'
        when pg_catalog.count(*) = 1 then 'grant select on sequence ' || pg_catalog.min(m.ident) || ' to ' || pg_catalog.quote_ident(current_user)
        else 'grant select on all sequences in schema ' || pg_catalog.quote_ident(m.nspname) || ' to ' || pg_catalog.quote_ident(current_user)
    end
from measured as m
where not m.is_readable or m.is_locked
group by m.nspname, m.is_readable
order by object_name
