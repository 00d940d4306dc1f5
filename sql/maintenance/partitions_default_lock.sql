-- What it does: locks the default partition, which attaching another one needs anyway, before its rows are looked at.
-- Minimum version: 13
lock table {default_partition} in access exclusive mode
