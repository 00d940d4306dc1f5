-- Clauses of the conditions that say which rows a retention rule reaches.
-- Minimum version: 13

-- fragment: equal
-- Which rows: those whose two columns agree. A clause, for a foreign key's pairs.
{left} = {right}

-- fragment: below
-- Which rows: those whose column is below the value; NULL is not. A clause; the value takes the column's own type.
{column} < {value}

-- fragment: at_least
-- Which rows: those whose column is the value or above; NULL is not. A clause; the value takes the column's own type.
{column} >= {value}

-- fragment: any_of
-- Which rows: those whose column has one of the values. A clause; the values take the column's own type.
{column} in ({values})

-- fragment: is_null
-- Which rows: those without a value in the column. A clause.
{column} is null

-- fragment: is_not_null
-- Which rows: those with a value in the column. A clause.
{column} is not null

-- fragment: not_true
-- Which rows: those that do not meet the clause, or of which it cannot be said. A clause.
({clause}) is not true

-- fragment: exists_row
-- Which rows: those for which the other table has a row that meets the clause. A clause.
exists (select from {table} as {other} where {clause})

-- fragment: no_row
-- Which rows: those for which the other table has no row that meets the clause. A clause.
not exists (select from {table} as {other} where {clause})

-- fragment: rows
-- Which rows: those of a table that meet the clause, as a table of their own. A clause.
(select * from {table} as {row} where {clause})

-- fragment: in_relations
-- Which rows: those that lie in one of these relations. A clause.
{row}.tableoid = any ({relations}::pg_catalog.oid[])

-- fragment: held
-- Which rows: those that a legal hold's own predicate keeps; a predicate that cannot decide about a row keeps it.
-- A clause; the predicate is the hold's text, and has a line of its own so that a comment in it ends there.
coalesce(
    cast((
        {predicate}
    ) as pg_catalog.bool),
    true
)

-- fragment: no_clock
-- What it stands for: the age of rows of a rule that knows no clock. A clause.
null::pg_catalog.timestamptz

-- fragment: epoch
-- What it stands for: the number that an integer clock has at an instant, rounded down. A clause.
pg_catalog.floor(pg_catalog.date_part('epoch', {instant}::pg_catalog.timestamptz) * {counts} / {seconds})::pg_catalog.int8

-- fragment: epoch_clock
-- What it stands for: the instant that an integer clock means. Numbers that no calendar has count as its ends, so that a stray
-- one is no error. A clause.
pg_catalog.to_timestamp(
    greatest(least({column}::pg_catalog.float8 * {seconds} / {counts}, 253402300799), -62135596800)
)
