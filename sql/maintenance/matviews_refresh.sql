-- What it does: runs the view's query again and replaces its content; readers wait until that is committed.
-- Minimum version: 13
refresh materialized view {view}
