-- How long the rebuild that is meant to fail waits.
set lock_timeout = '100ms'
