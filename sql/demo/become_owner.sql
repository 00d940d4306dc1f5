-- What follows belongs to the role that migrations run as.
set role validahub_owner
