-- What it answers: are there rows in the default partition that belong to the coming one?
-- Columns: found
-- Minimum version: 13
select exists (
    select
    from {default_partition} as d
    where d.{key} >= {lower} and d.{key} < {upper}
) as found
order by 1
