-- What it does: reclaims dead rows, and freezes where told. The table's tail is not given back, because that takes
-- ACCESS EXCLUSIVE, also on standbys, whose readers it cancels; giving space back is reorganising. The database's own
-- ages cost a scan of pg_class, which only a freeze by age is worth.
-- Minimum version: 16
vacuum (freeze {freeze}, truncate false, skip_database_stats {skip_database}, parallel {workers}) {table}
