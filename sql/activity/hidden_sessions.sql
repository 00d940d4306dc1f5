-- Whether other sessions' state can be seen at all: a row that makes a check inconclusive where it cannot.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Minimum version: 13
select
    'inconclusive' as object_type,
    'other sessions' as object_name,
    'their state is hidden' as observed,
    'seen by the maintenance role' as expected,
    current_user || ' sees no state of other roles'' sessions' as detail,
    'grant pg_monitor to ' || pg_catalog.quote_ident(current_user) as remediation
where not pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage')
order by 1
