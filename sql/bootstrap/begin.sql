-- What it does: makes the script all or nothing.
-- Minimum version: 13.
begin
