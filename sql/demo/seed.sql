-- The same demo every time: random() of this session starts here.
-- Minimum version: 13.
select pg_catalog.setseed(0.42);
