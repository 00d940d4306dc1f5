"""A written row may be any tenant's unless the statement's tree shows whose it is."""

from __future__ import annotations

import pytest

from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.query_sources import TenantFilter
from steward.isolation.analysis.unbound_writes import unbound_writes

TENANT = TenantFilter("tenant_id", "app.tenant")
SETTING = "current_setting('app.tenant', true)"
# X is the setting. OLD is held, NEW is what somebody says.
LOOSE = {
    "insert into t (id, tenant_id) values (1, new.tenant_id)": {"t"},
    "insert into t (id, tenant_id) values (1, X), (2, 'b')": {"t"},
    "insert into t (id, tenant_id) values (1, coalesce(new.tenant_id, X))": {"t"},
    "insert into t (tenant_id) values (old.id)": {"t"},
    "insert into t values (1, X)": {"t"},
    "insert into t (tenant_id) select tenant_id from u": {"t"},
    "insert into t (tenant_id) select u.id from u where u.tenant_id = X": {"t"},
    "insert into t (id, tenant_id) select * from u where u.tenant_id = X": {"t"},
    "insert into t (tenant_id) select X union all select 'b'": {"t"},
    "insert into t (tenant_id) select tenant_id from (select id as tenant_id from u) as u where tenant_id = X": {"t"},
    "insert into t (tenant_id) select x.tenant_id from jsonb_to_recordset(new.b) as x (tenant_id text)": {"t"},
    "insert into t (id, tenant_id) values (1, X) on conflict (id) do update set id = 2": {"t"},
    "insert into t (id, tenant_id) values (1, X) on conflict on constraint k do update set id = 2": {"t"},
    "insert into t (id, tenant_id) values (1, X) on conflict (tenant_id) do update set tenant_id = 'b'": {"t"},
    "update t set tenant_id = new.tenant_id where tenant_id = X": {"t"},
    "update t set (id, tenant_id) = (select 1, 'b') where tenant_id = X": {"t"},
    "merge into t using u on t.tenant_id = X when not matched then insert (tenant_id) values (u.tenant_id)": {"t"},
    "merge into t using u on t.tenant_id = X when matched then update set tenant_id = u.tenant_id": {"t"},
    "merge into t using u on t.tenant_id = X when not matched then insert values ('b', 1)": {"t"},
    "with c as (insert into t (tenant_id) values ('b') returning id) select 1": {"t"},
    "insert into s.t (tenant_id) values ('b')": {"t"},
}
HELD = (
    "insert into t (id) values (1)",
    "insert into t default values",
    "insert into t (id, tenant_id) values (1, default)",
    "insert into t (id, tenant_id) values (1, null)",
    "insert into t (id, tenant_id) values (1, X), (2, X::text)",
    "insert into t (id, tenant_id) values (1, old.tenant_id::text)",
    "insert into t (tenant_id) select tenant_id from u where tenant_id = X",
    "insert into t (tenant_id) select u.tenant_id from u join v using (tenant_id) where v.tenant_id = X",
    "insert into t (tenant_id) select u.tenant_id from u where u.tenant_id = old.tenant_id",
    "insert into t (tenant_id) with c as (select tenant_id from u) select tenant_id from c where tenant_id = X",
    "insert into t (id, tenant_id) values (1, X) on conflict do nothing",
    "insert into t (id, tenant_id) values (1, X) on conflict (tenant_id, id) do update set id = excluded.id",
    "insert into t (id, tenant_id) values (1, X) on conflict (tenant_id) do update set tenant_id = excluded.tenant_id",
    "update t set id = 1",
    "update t set tenant_id = X",
    "update t set tenant_id = u.tenant_id from u where u.tenant_id = X",
    "merge into t using (select 1 as id) as u on t.tenant_id = X when not matched then insert (tenant_id) values (X)",
    "merge into t using u on t.tenant_id = X when matched then delete",
    "delete from t",
    "select 1",
)


def written(query):
    trees = function_bodies.parse_statements(query.replace("X", SETTING))
    assert trees, "the statement cannot be read"
    return {name for _, name in unbound_writes(trees, TENANT, frozenset({"old"}))}


@pytest.mark.parametrize("query", LOOSE)
def test_a_tenant_that_may_be_any_is_reported(query):
    assert LOOSE[query] == written(query)


@pytest.mark.parametrize("query", HELD)
def test_a_tenant_that_is_bound_is_no_finding(query):
    assert set() == written(query)
