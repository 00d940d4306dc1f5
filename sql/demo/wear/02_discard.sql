-- An import that was taken back: it leaves holes in the table and in every index on it.
-- Minimum version: 13.
delete from public.suggestions where source = 'discarded import';
