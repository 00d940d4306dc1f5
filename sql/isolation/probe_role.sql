-- What it does: takes a role until the end of the transaction.
-- Minimum version: 13
set local role {role}
