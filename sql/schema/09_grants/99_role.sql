-- The next statement is the caller's own.
reset role;
