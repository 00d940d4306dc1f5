-- What it stands for: the instant that an integer clock means. Numbers that no calendar has count as its ends, so that a stray
-- one is no error. A clause.
-- Minimum version: 13.
pg_catalog.to_timestamp(
    greatest(least({column}::pg_catalog.float8 * {seconds} / {counts}, 253402300799), -62135596800)
)
