-- Which tables must have a row for the wanted ones to have one: those themselves and, at every depth, what they refer to.
-- Other statements take it as their part {needed}.
-- Columns: oid
-- Parameters: wanted oid[]
-- Minimum version: 13
select needed.oid
from (
    with recursive needed as (
        select pg_catalog.unnest(%(wanted)s::pg_catalog.oid[]) as oid
        union
        select con.confrelid
        from needed
        join pg_catalog.pg_constraint as con on con.conrelid = needed.oid and con.contype = 'f'
        where not exists (
            select
            from pg_catalog.pg_constraint as above
            where above.oid = con.conparentid and above.conrelid = con.conrelid
        )
    )
    select needed.oid
    from needed
) as needed
order by needed.oid
