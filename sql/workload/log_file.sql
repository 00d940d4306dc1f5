-- Which is the server's current JSON log, and how large is it?
-- Columns: file, size (bytes)
-- Minimum version: 13
select written.file, d.size
from pg_catalog.pg_current_logfile('jsonlog') as written (file)
join pg_catalog.pg_ls_logdir() as d on d.name = pg_catalog.regexp_replace(written.file, '^.*/', '')
order by written.file
