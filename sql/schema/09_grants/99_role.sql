-- The next statement is the caller's own.
-- Minimum version: 13.
reset role;
