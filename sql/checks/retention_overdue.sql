-- What it answers: which rows have outlived their retention rule by more than its schedule allows?
-- Parts: counted, one count a rule.
-- Columns: object_type, object_name, observed, expected, detail, remediation.
-- Minimum version: 13.
select
    'table' as object_type,
    counted.ident as object_name,
    counted.overdue || ' rows' || coalesce(', the oldest of ' || pg_catalog.regexp_replace(counted.oldest, '\.[0-9]+', ''), '') as observed,
    'none' || coalesce(' from before ' || pg_catalog.regexp_replace(counted.cutoff, '\.[0-9]+', ''), '') as expected,
    'rule ' || counted.rule || ' (' || counted.schedule || ', ' || counted.action || ')'
    || case when counted.held > 0 then '; legal holds keep ' || counted.held || ' more' else '' end as detail,
    case
        when counted.action = 'report' then 'the legal maximum is passed: archive or delete the rows, or record why they are kept'
        when counted.schedule = 'daily' then 'run nox -s daily to its end, and find out why earlier runs left the rows'
        else 'give the rule schedule = "daily" in the profile, because nox -s daily applies no others'
    end as remediation
from ({counted}) as counted
where counted.overdue > 0
order by counted.ident, counted.rule
