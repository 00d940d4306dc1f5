-- What it does: builds the index anew beside the old one, while everybody goes on reading and writing its table.
-- Minimum version: 13
reindex index concurrently {index}
