-- What it does: makes the session's commits wait again as server, database and role say; the next one brings to disk what did not wait.
-- Minimum version: 13.
reset synchronous_commit
