-- A condition: rows of the recent leaves. A bound value, because a function of the clock would lock all leaves to find them.
-- Minimum version: 13
r.{clock} >= %(since)s
