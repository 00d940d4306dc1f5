"""No policy applies to commands that empty a table or remove its policies."""

from __future__ import annotations

import pytest

from steward.isolation.analysis import function_bodies
from steward.isolation.analysis.unpoliced_commands import unpoliced_commands

NAMED = {
    "truncate s.t, u": {("s", "t"), (None, "u")},
    "drop table s.t, u": {("s", "t"), (None, "u")},
    "alter table s.t disable row level security": {("s", "t")},
    "alter table t no force row level security": {(None, "t")},
    "drop policy p on s.t": {("s", "t")},
    "create policy p on t using (true)": {(None, "t")},
    "alter policy p on t using (true)": {(None, "t")},
    "alter table t enable row level security": set(),
    "alter table t attach partition t_1 for values in (1)": set(),
    "create table t_2 partition of t for values in (2)": set(),
    "drop function t()": set(),
    "delete from t": set(),
}


@pytest.mark.parametrize("statement", NAMED)
def test_what_asks_no_policy_is_reported_by_its_table(statement):
    assert NAMED[statement] == unpoliced_commands(function_bodies.parse_statements(statement))
