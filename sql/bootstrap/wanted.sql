-- What it does: creates an extension where the server can; one that is listed may still not load.
-- Minimum version: 13.
do $wanted$
begin
    create extension if not exists {extension};
exception
    when others then
        raise notice 'wanted extension %% cannot be created here: %%', %(extension)s, sqlerrm;
end
$wanted$
