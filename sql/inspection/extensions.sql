-- Which of these extensions can be had in this database?
-- Columns: name, created (in this database), available (on the server)
-- Parameters: names
-- Minimum version: 13
select
    wanted.name,
    a.installed_version is not null as created,
    a.name is not null as available
from pg_catalog.unnest(%(names)s::text[]) as wanted (name)
left join pg_catalog.pg_available_extensions as a on a.name = wanted.name
order by wanted.name collate "C"
