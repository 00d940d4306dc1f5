"""A view reads and writes as its owner: it may show what policies hide from the application."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steward.isolation.catalog import snapshot, views

if TYPE_CHECKING:
    from steward.engine.check import Check

pytestmark = [
    pytest.mark.weekly,
    pytest.mark.monthly,
    pytest.mark.isolation,
    pytest.mark.phase("verify", step=63),
    pytest.mark.controls("tenant isolation"),
]


@pytest.mark.severity("critical")
def test_reads(check: Check) -> None:
    """No view shows the application rows that policies hide from it."""
    assert not check.judge("isolation_views_reads", views.leaks(snapshot.view_graph(check))).offenders


@pytest.mark.severity("critical")
def test_writes(check: Check) -> None:
    """No view takes rows of other tenants from the application."""
    assert not check.judge("isolation_views_writes", views.writes(snapshot.view_graph(check))).offenders


@pytest.mark.severity("normal")
def test_barriers(check: Check) -> None:
    """Every view whose own filter hides rows is a security barrier."""
    assert not check.judge("isolation_views_barriers", views.barriers(snapshot.view_graph(check))).offenders
