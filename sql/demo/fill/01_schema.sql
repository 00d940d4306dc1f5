-- What the generator remembers between its statements and sessions; gone at the end.
create schema demo
