-- Nothing, in the columns of workload/durations, where the server's log tells no durations.
-- Columns: those of workload/durations
-- Minimum version: 13
select null::double precision as ms
where %(undecided)s::text is null
