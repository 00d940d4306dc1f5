-- A rebuild that the snapshot's holder makes fail, so that its new index stays behind, invalid.
-- Minimum version: 13.
reindex index concurrently public.suggestions_accepted
