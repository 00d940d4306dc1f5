-- … and granted to it: the parent's policies hold only through the parent.
-- Minimum version: 13
grant select on {leaf} to {role}
