-- The same demo every time: random() of this session starts here.
select pg_catalog.setseed(0.42);
