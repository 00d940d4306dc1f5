-- What it answers: which rows of other tables are deleted or changed when rows of this table are? Foreign keys, followed
-- through what they delete; partitions count as their topmost parent.
-- Parameters: relation; columns, those that an update sets (empty for a delete).
-- Columns: path (the constraints from the table on), parent (the path before it), constraint_name, effect, cyclic (it comes back
-- to a table that it has passed), oid and ident of the child's topmost parent, family (oids of its tree), schema and name of the child,
-- child_columns, parent_columns, columns (a JSON object of the child's column names to type names).
-- Minimum version: 13.
with recursive reference as (
    select
        foreign_key.oid,
        foreign_key.conname,
        coalesce(pg_catalog.pg_partition_root(foreign_key.confrelid), foreign_key.confrelid)::pg_catalog.oid as parent,
        coalesce(pg_catalog.pg_partition_root(foreign_key.conrelid), foreign_key.conrelid)::pg_catalog.oid as child,
        foreign_key.conrelid,
        case when pg_catalog.cardinality(%(columns)s::pg_catalog.text[]) = 0
            then foreign_key.confdeltype else foreign_key.confupdtype
        end as action,
        (
            select pg_catalog.array_agg(attribute.attname::pg_catalog.text order by key.position)
            from pg_catalog.unnest(foreign_key.conkey) with ordinality as key (attnum, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = foreign_key.conrelid and attribute.attnum = key.attnum
        ) as child_columns,
        (
            select pg_catalog.array_agg(attribute.attname::pg_catalog.text order by key.position)
            from pg_catalog.unnest(foreign_key.confkey) with ordinality as key (attnum, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = foreign_key.confrelid and attribute.attnum = key.attnum
        ) as parent_columns
    from pg_catalog.pg_constraint as foreign_key
    where foreign_key.contype = 'f' and foreign_key.conparentid = 0
),
followed as (
    select
        reference.*,
        array[reference.oid] as path,
        array[reference.parent, reference.child] as seen,
        reference.child = reference.parent as cyclic
    from reference
    where reference.parent = coalesce(pg_catalog.pg_partition_root(%(relation)s), %(relation)s)::pg_catalog.oid
        and reference.action in ('c', 'n', 'd')
        and (
            pg_catalog.cardinality(%(columns)s::pg_catalog.text[]) = 0
            or reference.parent_columns && %(columns)s::pg_catalog.text[]
        )
    union all
    select
        reference.*,
        followed.path || reference.oid,
        followed.seen || reference.child,
        reference.child = any (followed.seen)
    from followed
    join reference on reference.parent = followed.child
    where followed.action = 'c'
        and pg_catalog.cardinality(%(columns)s::pg_catalog.text[]) = 0
        and not followed.cyclic
        and reference.action in ('c', 'n', 'd')
),
tree as (
    select distinct followed.child as root, followed.child as oid
    from followed
    union
    select tree.root, child.inhrelid
    from tree
    join pg_catalog.pg_inherits as child on child.inhparent = tree.oid
    join pg_catalog.pg_class as partition on partition.oid = child.inhrelid and partition.relispartition
)
select
    followed.path::pg_catalog.int8[] as path,
    followed.path[:pg_catalog.cardinality(followed.path) - 1]::pg_catalog.int8[] as parent,
    followed.conname as constraint_name,
    case followed.action when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end as effect,
    followed.cyclic,
    followed.child::pg_catalog.int8 as oid,
    pg_catalog.quote_ident(namespace.nspname) || '.' || pg_catalog.quote_ident(root.relname) as ident,
    own_namespace.nspname as schema,
    own.relname as name,
    followed.child_columns,
    followed.parent_columns,
    (
        select pg_catalog.jsonb_object_agg(attribute.attname, type.typname)
        from pg_catalog.pg_attribute as attribute
        join pg_catalog.pg_type as type on type.oid = attribute.atttypid
        where attribute.attrelid = followed.conrelid and attribute.attnum > 0 and not attribute.attisdropped
    ) as columns,
    array(
        select tree.oid::pg_catalog.int8
        from tree
        where tree.root = followed.child
        order by 1
    ) as family
from followed
join pg_catalog.pg_class as root on root.oid = followed.child
join pg_catalog.pg_namespace as namespace on namespace.oid = root.relnamespace
join pg_catalog.pg_class as own on own.oid = followed.conrelid
join pg_catalog.pg_namespace as own_namespace on own_namespace.oid = own.relnamespace
order by followed.path
