-- What the generator remembers between its statements and sessions; gone at the end.
-- Minimum version: 13.
create schema demo
