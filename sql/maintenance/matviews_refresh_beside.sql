-- What it does: runs the view's query again and changes what is different; readers go on reading.
-- Minimum version: 13
refresh materialized view concurrently {view}
