-- What it does: keeps a statement with its plan.
-- Minimum version: 13
prepare {kept} as {statement}
