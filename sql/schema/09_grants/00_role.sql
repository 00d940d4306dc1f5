-- Rights are the owner's to give.
-- Minimum version: 13.
set role validahub_owner;
