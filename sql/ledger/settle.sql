-- What it does: records how an intent ended; once.
-- Parameters: id, outcome, figures.
-- Minimum version: 13.
update steward.intent as i set
    settled_at = pg_catalog.clock_timestamp(),
    outcome = %(outcome)s,
    figures = %(figures)s
where i.id = %(id)s
    and i.settled_at is null
