-- Writes one value into every row that an UPDATE reaches; without a condition and without reading any column, to which the policies of
-- SELECT would be added.
-- Minimum version: 13
update {relation} set {changed} = {value}
