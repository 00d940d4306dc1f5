-- What it does: acts as the role that logged in, until the transaction ends.
-- Minimum version: 13.
set local role none
