-- What it answers: which rows will no retention rule ever reach as they stand, though one's clock has run out for them or is missing?
-- Parts: counted, one count a rule.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Minimum version: 13.
select
    'table' as object_type,
    counted.ident as object_name,
    pg_catalog.concat_ws(
        ', ',
        case when counted.past > 0 then
            counted.past || ' rows past ' || counted.clock || ', the oldest of '
            || pg_catalog.regexp_replace(counted.oldest, '\.[0-9]+', '') || ' (' || counted.age || ')'
        end,
        case when counted.without > 0 then counted.without || ' rows without ' || counted.clock end
    ) as observed,
    'every row from before ' || pg_catalog.regexp_replace(counted.cutoff, '\.[0-9]+', '') || ' is reached by a rule' as expected,
    'rule ' || counted.rule || ' passes them over, and so does every other rule of the table' as detail,
    'decide their retention: widen the rule, add one, or exempt the table with a reason' as remediation
from ({counted}) as counted
where counted.past + counted.without > 0
order by counted.ident, counted.rule
