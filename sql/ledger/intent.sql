-- What it does: records what is about to be done. Its commit does not wait for the disk: nothing that the action then changes can be there
-- before it, since both go through one log.
-- Columns: id.
-- Parameters: run_id, item_id, action, object, statement.
-- Minimum version: 13.
insert into steward.intent (run_id, item_id, action, object, statement)
select %(run_id)s, %(item_id)s, %(action)s, %(object)s, %(statement)s
where pg_catalog.set_config('synchronous_commit', 'off', true) = 'off'
returning id
