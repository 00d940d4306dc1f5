-- The roles that those whom the application connects as can act as, or whose rights they inherit.
-- Other statements take it as their part {reached}.
-- Columns: kind ('application', 'login' as which it may connect, 'other' login); start, the role that it begins with; role and ident of
-- what is reached; acts, by SET ROLE and not only by its rights; member, whose membership is the last of the chain (NULL: it is the start
-- itself); granted, by granting it to itself; past, how it reads past row-level security (NULL: it does not); implied, by what is told of a role before
-- it in the chain; chain, in words
-- Parameters: reached, a JSON array of these
-- Minimum version: 13
select
    reached.kind,
    reached.start,
    reached.role,
    reached.ident,
    reached.acts,
    reached.member,
    reached.granted,
    reached.past,
    reached.implied,
    reached.chain
from pg_catalog.jsonb_to_recordset(%(reached)s::jsonb) as reached (
    kind text, start text, role oid, ident text, acts boolean, member text, granted boolean, past text, implied boolean, chain text
)
order by reached.kind, reached.start, reached.role
