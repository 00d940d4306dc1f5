-- What it does: gives all columns without a target of their own another one, for this session only.
-- Minimum version: 13
set default_statistics_target = {target}
