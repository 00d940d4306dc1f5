-- What it answers: does the predicate of a legal hold stand for one boolean on this table? It is compiled and never run. It
-- stands in brackets of three kinds, so that a text which closes the brackets it is put in does not fit them all; a statement with a
-- bound value is sent by a protocol that takes no second one.
-- Parameters: hold, its id.
-- Minimum version: 13.
explain
select
from only {table} as {row}
where cast((
        {predicate}
    ) as pg_catalog.bool)
    and (
        {predicate}
    ) is not null
    and (array[(
        {predicate}
    )])[1]
    and %(hold)s::pg_catalog.int8 is not null
