-- One month's leaf of correction_logs, owned by the owner of the tables.
-- Minimum version: 13.
create table public.{leaf} partition of public.correction_logs
    for values from ({lower}) to ({upper})
