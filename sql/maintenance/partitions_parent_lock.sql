-- What it does: locks the parent as attaching does, before the default partition: everybody who attaches takes them in
-- this order, and whoever took them in the other one would meet in a deadlock.
-- Minimum version: 13
lock table only {parent} in share update exclusive mode
