-- What it answers: which of the application's roles may write another tenant into an existing row? A tree's root speaks for its
-- partitions. What a role may as the owner or as a superuser is not looked at here.
-- Columns: object_type, object_name, observed, expected, detail, remediation
-- Parameters: roles; column; those of inventory/included; {tables} is isolation/tenant_tables
-- Minimum version: 13
with tables as (
    {tables}
),
granted as (
    select t.oid, acl.grantee, 'table' as by
    from tables as t
    join pg_catalog.pg_class as c on c.oid = t.oid
    cross join lateral pg_catalog.aclexplode(c.relacl) as acl
    where acl.privilege_type = 'UPDATE' and acl.grantee <> t.owner
    union
    select t.oid, acl.grantee, 'column'
    from tables as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum = t.attnum
    cross join lateral pg_catalog.aclexplode(a.attacl) as acl
    where acl.privilege_type = 'UPDATE' and acl.grantee <> t.owner
    union
    -- From 14 on: its members need no grant.
    select t.oid, r.oid, 'membership'
    from tables as t
    join pg_catalog.pg_roles as r on r.rolname = 'pg_write_all_data'
),
open as (
    select
        t.oid,
        t.ident,
        t.root,
        pg_catalog.string_agg(distinct pg_catalog.quote_ident(r.rolname), ', ' order by pg_catalog.quote_ident(r.rolname)) as names,
        pg_catalog.string_agg(distinct who.name, ', ' order by who.name) filter (where granted.by = 'table') as whole,
        pg_catalog.string_agg(distinct who.name, ', ' order by who.name) filter (where granted.by = 'column') as alone,
        pg_catalog.string_agg(distinct pg_catalog.quote_ident(r.rolname), ', ' order by pg_catalog.quote_ident(r.rolname))
            filter (where granted.by = 'membership') as members
    from tables as t
    join granted on granted.oid = t.oid
    join pg_catalog.pg_roles as r
        on r.rolname = any (%(roles)s::text[]) and not r.rolsuper
        and case when granted.grantee = 0 then true else pg_catalog.pg_has_role(r.oid, granted.grantee, 'usage') end
    cross join lateral (
        select case granted.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantee)) end as name
    ) as who
    group by t.oid, t.ident, t.root
)
select
    'column' as object_type,
    open.ident || '.' || pg_catalog.quote_ident(%(column)s::text) as object_name,
    'may be updated by ' || open.names as observed,
    'update of every column but this one' as expected,
    'nothing but the check of a policy keeps a statement of one tenant from moving rows to another, and an UPDATE without WHERE and '
        || 'RETURNING needs no right to read them' as detail,
    pg_catalog.concat_ws(
        '; ',
        pg_catalog.format('revoke update (%%I) on %%s from ', %(column)s::text, open.ident) || open.alone,
        pg_catalog.format('revoke update on %%s from ', open.ident) || open.whole,
        pg_catalog.format(
            'grant update (%%s) on %%s to ',
            (
                select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
                from pg_catalog.pg_attribute as a
                where a.attrelid = open.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname <> %(column)s
            ),
            open.ident
        ) || open.whole,
        'revoke pg_write_all_data from ' || open.members
    ) as remediation
from open
where open.root = open.oid
    or not exists (select from open as above where above.oid = open.root)
order by object_name
