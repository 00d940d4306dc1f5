-- What it answers: how many bytes would a btree index need, were its leaves as full as its fillfactor says? Reads all of it.
-- Pages that are empty or deleted count for nothing, inner ones as they are.
-- Columns: needed
-- Parameters: oid, of a valid btree index; {pgstatindex} is pgstattuple's function
-- Minimum version: 13
select (
    pg_catalog.current_setting('block_size')::bigint * (
        1 + s.internal_pages + s.leaf_pages * case
            when s.avg_leaf_density < 'NaN' then least(1, s.avg_leaf_density / coalesce(
                (
                    select o.option_value::double precision
                    from pg_catalog.pg_options_to_table(c.reloptions) as o
                    where o.option_name = 'fillfactor'
                ),
                90
            ))
            else 1
        end
    )
)::bigint as needed
from pg_catalog.pg_class as c
cross join lateral {pgstatindex}(c.oid::pg_catalog.regclass) as s
where c.oid = %(oid)s::bigint::oid
order by 1
