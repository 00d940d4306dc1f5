-- Which tenant columns may hold NULL? A foreign table only declares what its server may not keep, and is none of these.
-- Other statements take it as their part {loose}.
-- Columns: oid; ident; root; unvalidated, the name of a NOT NULL that holds for new rows only (NULL: there is none at all)
-- Parameters: those of isolation/tenant_tables; {tables} is isolation/tenant_tables
-- Minimum version: 13
select t.oid, t.ident, t.root, unvalidated.name as unvalidated
from ({tables}) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
join pg_catalog.pg_type as ty on ty.oid = a.atttypid
left join lateral (
    -- From 18 on.
    select con.conname as name
    from pg_catalog.pg_constraint as con
    where con.conrelid = t.oid and con.contype = 'n' and not con.convalidated and t.attnum = any (con.conkey)
) as unvalidated on true
where t.kind <> 'f'
    and (not (a.attnotnull or ty.typnotnull) or unvalidated.name is not null)
    and not exists (
        select
        from pg_catalog.pg_constraint as con
        where con.conrelid = t.oid and con.contype = 'c' and con.convalidated and con.conkey = array[t.attnum]
            -- CHECK (column IS NOT NULL) as it is stored: to have it printed, one would wait for whoever has locked the table.
            and con.conbin::text like '{{NULLTEST :arg {{VAR %% :nulltesttype 1 %%'
    )
order by t.oid
