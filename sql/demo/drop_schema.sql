-- What the generator remembered.
-- Minimum version: 13.
drop schema demo cascade
