-- What it answers: whether the server has loaded the extension; one that has not says so in an error.
-- Columns: loaded
-- Parameters: {schema} is the extension's
-- Minimum version: 13
select exists (select from {schema}.pg_stat_statements(false)) as loaded
