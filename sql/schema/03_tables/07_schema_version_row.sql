-- What the suite asks before it acts.
-- Minimum version: 13.
insert into public.schema_version (version) values ('1.0') on conflict do nothing;
