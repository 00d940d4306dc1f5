-- What it answers: which prepared transactions wait for their second phase longer than they may? They outlive a restart
-- and keep their locks and the rows that they might see.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: prepared_age, an interval
-- Minimum version: 13
select
    'prepared transaction' as object_type,
    x.gid as object_name,
    'prepared for ' || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - x.prepared)::text as observed,
    'committed or rolled back within ' || %(prepared_age)s::interval as expected,
    'of ' || x.owner || ', holds back rows of the last ' || pg_catalog.age(x.transaction) || ' transactions, and its locks'
        as detail,
    'ask its transaction manager, then: commit prepared ' || pg_catalog.quote_literal(x.gid)
        || '; or: rollback prepared ' || pg_catalog.quote_literal(x.gid) as remediation
from pg_catalog.pg_prepared_xacts as x
where x.database = pg_catalog.current_database()
    and pg_catalog.clock_timestamp() - x.prepared > %(prepared_age)s::interval
order by x.gid
