-- What it does: reclaims dead rows, and freezes where told. The table's tail is not given back, because that takes
-- ACCESS EXCLUSIVE, also on standbys, whose readers it cancels; giving space back is reorganising.
-- Minimum version: 13
vacuum (freeze {freeze}, truncate false, parallel {workers}) {table}
