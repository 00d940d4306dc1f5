"""The relations that a statement reads without a filter by tenant, by its syntax tree."""

from __future__ import annotations

import pytest

from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import TenantFilter, shows_column
from steward.isolation.analysis.unfiltered_reads import unfiltered_reads

TENANT = TenantFilter("tenant_id", "app.tenant")
SETTING = "(NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid"

OPEN = {
    "select * from a.t": {("a", "t")},
    "select * from t, u where t.tenant_id = X": {"u"},
    "select * from t join u on t.id = u.id where t.tenant_id = X": {"u"},
    "select * from t join u on t.id = u.id where tenant_id = X": {"t", "u"},
    "select * from t left join u on t.tenant_id = X": {"t", "u"},
    "select * from t left join u on u.tenant_id = t.tenant_id": {"t", "u"},
    "select * from t full join u using (tenant_id) where t.tenant_id = X": {"u"},
    "select * from t where tenant_id = X or id = 1": {"t"},
    "select * from t where tenant_id = (select tenant_id from u)": {"t", "u"},
    "select * from t where exists (select from u where u.tenant_id = X)": {"t"},
    "select 1 from t where tenant_id = X union all select 2 from u": {"u"},
    "with c as (select * from t) select * from c": {"t"},
    "with c as (delete from t returning id) select 1": {"t"},
    "with recursive r as (select * from t union all select t.* from t join r on r.id = t.up) select * from r": {"t"},
    "select * from (select X as tenant_id, id from t) as s where tenant_id = X": {"t"},
    "select * from (select id as tenant_id from t) as s where tenant_id = X": {"t"},
    "select * from (select t.tenant_id, u.id from t cross join u) as s where s.tenant_id = X": {"u"},
    "select * from (select t.tenant_id, u.* from t join u on u.id = t.id) as s where s.tenant_id = X": {"u"},
    "with c as (select t.tenant_id, u.id from t join u on u.id = t.id) select * from c where c.tenant_id = X": {"u"},
    "select * from (select tenant_id, (select max(id) from u) from t) as s where s.tenant_id = X": {"u"},
    "select * from (select tenant_id, lag(id) over (order by id) from t) as s where s.tenant_id = X": {"t"},
    "select * from (select tenant_id, lag(id) over w from t window w as (order by id)) as s where tenant_id = X": {"t"},
    "select * from (select tenant_id from t union all select t.tenant_id from t, u) as s where s.tenant_id = X": {"u"},
    "select * from (select * from (select t.tenant_id, u.id from t, u) as r) as s where s.tenant_id = X": {"u"},
    "select (select max(u.id) from u) from t where t.tenant_id = X": {"u"},
    "select * from t tablesample system (1)": {"t"},
    "select f((select id from t))": {"t"},
    "update t set id = 1 from u where t.tenant_id = X": {"u"},
    "delete from t using u where u.tenant_id = X and u.id = t.id": {"t"},
    "insert into t select * from u": {"u"},
    "merge into t using u on t.id = u.id when matched then delete": {"t", "u"},
}
SAFE = (
    "select 1",
    "select * from t where t.tenant_id = X and id > 1",
    "select * from t as a where (a.tenant_id = X) and (a.id = 1 or a.id = 2)",
    "select * from t join u using (tenant_id) where t.tenant_id = X",
    "select * from t join u on t.tenant_id = u.tenant_id join v on v.tenant_id = u.tenant_id where v.tenant_id = X",
    "select * from t left join u on u.tenant_id = t.tenant_id where t.tenant_id = X",
    "select * from t join (u join v on u.tenant_id = v.tenant_id and u.tenant_id = X) on t.tenant_id = v.tenant_id",
    "with c as (select * from t) select * from c where tenant_id = X",
    "select * from (select t.tenant_id, u.id from t join u using (tenant_id)) as s where s.tenant_id = X",
    "select * from (select t.*, u.id from t join u on u.tenant_id = t.tenant_id) as s where s.tenant_id = X",
    "select * from (select tenant_id, lag(id) over (partition by tenant_id order by id) from t) s where tenant_id = X",
    "select * from (select tenant_id, rank() over w from t window w as (partition by tenant_id)) s where tenant_id = X",
    "select * from (select tenant_id, id from t union all select tenant_id, id from u) as s where s.tenant_id = X",
    "select * from (select tenant_id, (select 1 from u where u.tenant_id = t.tenant_id) from t) s where tenant_id = X",
    "with recursive r as (select * from t union all select t.* from t, r) select * from r where tenant_id = X",
    "with c as (select * from t where tenant_id = X) select * from c",
    "select * from (select tenant_id, count(*) from t group by 1) as s where s.tenant_id = X",
    "select (select max(u.id) from u where u.tenant_id = t.tenant_id) from t where t.tenant_id = X",
    "select * from t, lateral (select * from u where u.tenant_id = t.tenant_id) as s where t.tenant_id = X",
    "update t set id = 1 from u where t.tenant_id = X and u.tenant_id = t.tenant_id",
    "delete from t where tenant_id = X",
    "insert into t values (1)",
    "merge into t using (select 1 as id) as u on t.tenant_id = X and t.id = u.id when matched then delete",
)


def read(query):
    trees = function_bodies.parse_statements(query.replace("X", SETTING))
    assert trees
    return unfiltered_reads(trees, TENANT)


@pytest.mark.parametrize("query", OPEN)
def test_what_comes_through_unfiltered_is_named(query):
    expected = {name if isinstance(name, tuple) else (None, name) for name in OPEN[query]}

    assert expected == read(query)


@pytest.mark.parametrize("query", SAFE)
def test_what_only_the_setting_lets_through_is_not(query):
    assert frozenset() == read(query)


@pytest.mark.parametrize(
    ("query", "shows"),
    [
        ("select * from t", True),
        ("select t.tenant_id, 1 from t", True),
        ("select tenant_id as tenant_id from t union select tenant_id from u", True),
        ("select id as tenant_id from t", False),
        ("select tenant_id as other from t", False),
        ("select X as tenant_id from t", False),
        ("select tenant_id from t union select id from u", False),
        ("delete from t", False),
    ],
)
def test_a_tenant_that_is_made_up_is_none(query, shows):
    assert shows is shows_column(function_bodies.parse_statements(query.replace("X", SETTING))[0], "tenant_id")
