-- Afterwards the dead rows are gone and the holes remain: bloat.
-- Minimum version: 13.
vacuum public.suggestions;
