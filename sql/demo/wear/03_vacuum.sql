-- Afterwards the dead rows are gone and the holes remain: bloat.
vacuum public.suggestions;
