-- What it does: lets the session's commits return before they are on disk; they get there within moments, and at the latest with the
-- next commit that waits. For work that is simply done again where a crash has undone the last of it.
-- Minimum version: 13.
set synchronous_commit = off
