-- How long the rebuild that is meant to fail waits.
-- Minimum version: 13.
set lock_timeout = '100ms'
