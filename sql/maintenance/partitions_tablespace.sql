-- What it does: the part of partitions_create that names a tablespace.
-- Minimum version: 13
tablespace {tablespace}
