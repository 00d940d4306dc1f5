-- Writes all rows, without a condition and reading no column: only then do the policies of SELECT not stand by those of UPDATE.
-- Minimum version: 13
update {relation} as r set {assigned}
