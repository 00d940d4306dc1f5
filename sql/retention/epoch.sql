-- What it stands for: the number that an integer clock has at an instant, rounded down. A clause.
-- Minimum version: 13.
pg_catalog.floor(pg_catalog.date_part('epoch', {instant}::pg_catalog.timestamptz) * {counts} / {seconds})::pg_catalog.int8
