-- What it does: runs the statements where they are needed, so that the script can be run again.
-- Minimum version: 13.
do $bootstrap$
begin
    if ({needed}) then
        {statements}
    end if;
end
$bootstrap$
