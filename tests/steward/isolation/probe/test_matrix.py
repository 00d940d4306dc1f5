"""The matrix as a person reads it: every leak stands in it, and nothing that was not proved looks like a proof."""

from __future__ import annotations

import re

from steward.isolation.probe.findings import findings
from steward.isolation.probe.matrix import Attempt, AttemptMatrix


def cell(command, verdict, reason="as it is", state="A", *, role="app", relation="public.t"):
    return Attempt(relation, command, state, "custom", role, verdict, reason)


def shown(matrix):
    """The matrix without what aligns its columns."""
    return re.sub(r" +", " ", matrix.render())


def test_a_leak_is_seen_whatever_else_was_isolated():
    matrix = AttemptMatrix(
        (cell("select", "isolated"), cell("select", "leak", "rows of B are seen", "B"), cell("copy", "isolated"))
    )

    assert "| public.t | app | LEAK 1 | 1 |" in shown(matrix)
    assert "- public.t as app, select (B/custom): rows of B are seen" in shown(matrix)


def test_what_proves_nothing_is_no_number():
    matrix = AttemptMatrix((cell("select", "isolated"), cell("select", "inconclusive", "zero rows", "B")))

    assert "| public.t | app | ? 1 |" in shown(matrix)
    assert (1, 1, 0) == (len(matrix.isolated), len(matrix.inconclusive), len(matrix.leaks))


def test_a_missing_grant_is_a_dash_and_a_relation_without_any_is_only_counted():
    cells = (
        cell("select", "isolated"),
        cell("insert", "isolated", state="all"),
        *(cell("all", "isolated", state="all", relation=f"public.leaf_{number}") for number in range(500)),
    )
    text = shown(AttemptMatrix(cells))

    assert "| public.t | app | 1 | - |" in text
    assert "Without any grant: 500 relations" in text
    assert "leaf_7" not in text


def test_a_name_cannot_break_the_table():
    text = shown(AttemptMatrix((cell("select", "isolated", relation='public."a|b\nc"'),)))

    assert '| public."a\\|b c" | app | 1 |' in text


def test_one_finding_tells_all_ways_into_a_relation():
    cells = (cell("select", "leak", "rows of B are seen"), cell("update", "leak", "1 rows were written", "fresh"))
    (finding,) = findings(AttemptMatrix(cells))

    assert "public.t" == finding.object_name
    assert "2 tries as app reach rows of another tenant" == finding.observed
    assert "select in A/custom: rows of B are seen; update in fresh/custom: 1 rows were written" == finding.detail
    assert "revoke all on public.t from app, public;" == finding.remediation


def test_a_chain_is_cut_where_it_begins():
    (finding,) = findings(AttemptMatrix((cell("connect", "leak", role="app → admin", relation="(session)"),)))

    assert ("role", "app → admin", "revoke admin from app;") == (
        finding.object_type,
        finding.object_name,
        finding.remediation,
    )
