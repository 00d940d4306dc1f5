-- What it does: records what is about to be done.
-- Columns: id.
-- Parameters: run_id, item_id, action, object, statement.
-- Minimum version: 13.
insert into steward.intent (run_id, item_id, action, object, statement)
values (%(run_id)s, %(item_id)s, %(action)s, %(object)s, %(statement)s)
returning id
