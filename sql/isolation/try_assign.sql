-- What a column becomes.
-- Minimum version: 13
{changed} = {value}
