-- What the query of each materialized view reads, through plain views of any depth, and as which role: a plain view reads
-- as its owner, one with security_invoker (15 and later) as the owner of the materialized view.
-- Other statements take it as their part {reached}.
-- Columns: view; oid and kind of what is read; reader, the role that reads it; role, as which it reads itself
-- Minimum version: 13
select steps.view, steps.oid, steps.kind, steps.reader, steps.role
from (
    with recursive reached as (
        select c.oid as view, c.oid, c.relkind::text as kind, c.relowner as reader, c.relowner as role, c.relowner as owner
        from pg_catalog.pg_class as c
        where c.relkind = 'm'
        union
        select
            reached.view,
            used.oid,
            used.relkind::text,
            reached.role,
            case
                when exists (
                    select
                    from pg_catalog.pg_options_to_table(used.reloptions) as o
                    where o.option_name = 'security_invoker' and o.option_value::boolean
                ) then reached.owner
                else used.relowner
            end,
            reached.owner
        from reached
        join pg_catalog.pg_rewrite as r on r.ev_class = reached.oid
        join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and d.objid = r.oid
            and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.refobjid <> reached.oid
        join pg_catalog.pg_class as used on used.oid = d.refobjid
        where reached.oid = reached.view or reached.kind = 'v'
    )
    select reached.view, reached.oid, reached.kind, reached.reader, reached.role
    from reached
    where reached.oid <> reached.view
) as steps
order by steps.view, steps.oid
