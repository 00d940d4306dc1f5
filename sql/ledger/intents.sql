-- What was about to be done, and how it ended.
-- Minimum version: 13

-- name: record
-- What it does: records what is about to be done. Its commit does not wait for the disk: nothing that the action then changes can be there
-- before it, since both go through one log.
-- Columns: id.
-- Parameters: run_id, item_id, action, object, statement.
insert into steward.intent (run_id, item_id, action, object, statement)
select %(run_id)s, %(item_id)s, %(action)s, %(object)s, %(statement)s
where pg_catalog.set_config('synchronous_commit', 'off', true) = 'off'
returning id;

-- name: settle
-- What it does: records how an intent ended; once.
-- Parameters: id, outcome, figures.
update steward.intent as i set
    settled_at = pg_catalog.clock_timestamp(),
    outcome = %(outcome)s,
    figures = %(figures)s
where i.id = %(id)s
    and i.settled_at is null;
