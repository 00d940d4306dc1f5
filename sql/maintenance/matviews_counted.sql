-- What it does: lets the server count what this session has changed before a vacuum counts anew: what is counted after it
-- would stand as dead rows that are not there. Before 15 a session tells its counters every half second at most.
-- Minimum version: 13
select pg_catalog.pg_sleep(0.6)
