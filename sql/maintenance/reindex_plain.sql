-- What it does: builds the index anew in its place. Writers of its table wait, and so do readers who would use the index.
-- Minimum version: 13
reindex index {index}
