-- Where the demo begins and ends, from the server's clock, in UTC.
-- columns: begins (30 calendar months with the current one), loaded (until when the first load reaches), ends
-- Minimum version: 13.
select
    (date_trunc('month', now() at time zone 'UTC') - interval '29 months') at time zone 'UTC' as begins,
    now() - interval '6 hours' as loaded,
    now() as ends
