-- And dead rows from deletes, a year back.
-- Minimum version: 13.
delete from public.correction_logs
where status = 'reverted' and created_at >= now() - interval '13 months' and created_at < now() - interval '12 months';
