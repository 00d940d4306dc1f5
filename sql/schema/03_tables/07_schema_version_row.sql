-- What the suite asks before it acts.
insert into public.schema_version (version) values ('1.0') on conflict do nothing;
