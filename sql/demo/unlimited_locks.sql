-- Back to the default.
-- Minimum version: 13.
reset lock_timeout
