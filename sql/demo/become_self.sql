-- What follows is the login's own again.
reset role
