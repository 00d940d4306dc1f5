-- Types, tables and functions belong to the role that migrations run as.
set role validahub_owner;
