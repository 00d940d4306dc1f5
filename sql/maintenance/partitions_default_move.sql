-- What it does: moves the rows of a coming partition out of the default one, and counts both sides.
-- Columns: removed, kept
-- Minimum version: 13
with removed as (
    delete from {default_partition} as d
    where d.{key} >= {lower} and d.{key} < {upper}
    returning d.*
),
kept as (
    insert into {partition} ({columns})
    select {columns}
    from removed
    returning 1
)
select
    (select pg_catalog.count(*) from removed) as removed,
    (select pg_catalog.count(*) from kept) as kept
order by 1
