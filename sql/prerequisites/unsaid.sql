-- What it answers: the same where the table is not there: none.
-- Columns: version.
-- Minimum version: 13.
select null::text as version
where false
