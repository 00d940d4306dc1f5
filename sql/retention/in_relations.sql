-- Which rows: those that lie in one of these relations. A clause.
-- Minimum version: 13.
{row}.tableoid = any ({relations}::pg_catalog.oid[])
