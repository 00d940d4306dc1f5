-- What the generator remembered.
drop schema demo cascade
