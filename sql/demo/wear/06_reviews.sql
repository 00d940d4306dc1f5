-- Dead suggestions: a fifth of the latest were looked at.
-- Minimum version: 13.
update public.suggestions
set status = 'reviewed', reviewed_at = now(), updated_at = now()
where status = 'generated' and record_number %% 5 = 0 and created_at >= now() - interval '60 days';
